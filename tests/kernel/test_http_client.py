"""Posts of the kernel's HTTP client to real servers: kept connections, one deadline, and what is known when it fails."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kernel.clock import utc_now
from kernel.http_client import HttpClient, NotSentError, OutcomeUnknownError, Reply

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Said: yes\r\n\r\nok"


class Listener:
    """A server that does with each connection what it is told, and counts them."""

    def __init__(self, serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._serve, self._context = serve, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self._ending.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def read_request(self, connection: socket.socket) -> bool:
        """Whether one came: headers and a body of two bytes."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n{}"):
            if not (part := connection.recv(4096)):
                return False
            raw += part
        self.requests.append(raw)
        return True

    def wait(self, seconds: float) -> bool:
        return not self._ending.wait(seconds)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._handle, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _handle(self, connection: socket.socket) -> None:
        with connection:
            try:
                served = (
                    self._context.wrap_socket(connection, server_side=True) if self._context else connection
                )
                with served:
                    self._serve(served)
            except OSError:
                pass  # the client has left, or did not trust us


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def listen(ending: ExitStack) -> Callable[..., Listener]:
    def start(
        serve: Callable[[Listener, socket.socket], None], context: ssl.SSLContext | None = None
    ) -> Listener:
        listener = Listener(lambda connection: serve(listener, connection), context)
        ending.callback(listener.stop)
        return listener

    return start


def answers(listener: Listener, connection: socket.socket) -> None:
    while listener.read_request(connection):
        connection.sendall(ANSWER)


@contextmanager
def client(
    port: int, scheme: str = "http", host: str = "127.0.0.1", **options: object
) -> Iterator[HttpClient]:
    made = HttpClient(scheme, host, port, **options)
    try:
        yield made
    finally:
        made.close()


def post(to: HttpClient, *, seconds: float = 20.0, max_bytes: int = 100) -> Reply:
    return to.post("/a?b=c", b"{}", {"X-Mine": "1"}, seconds=seconds, max_bytes=max_bytes)


def test_a_connection_is_kept_and_its_request_is_whole(listen):
    listener = listen(answers)
    with client(listener.port) as to:
        replies = [post(to) for _ in range(3)]
    assert {(reply.status, reply.body, reply.headers["x-said"]) for reply in replies} == {(200, b"ok", "yes")}
    assert listener.connections == 1
    assert listener.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{listener.port}\r\n".encode() in listener.requests[0]
    assert b"X-Mine: 1\r\n" in listener.requests[0]


def test_a_kept_connection_that_was_closed_is_made_anew(listen):
    def once(listener, connection):
        listener.read_request(connection)
        connection.sendall(ANSWER)

    listener = listen(once)
    with client(listener.port) as to:
        for number in (1, 2):
            assert post(to).status == 200
            assert listener.connections == number
            time.sleep(0.2)


def test_many_threads_at_once_each_get_their_own_answer(listen):
    listener = listen(answers)
    found: list[int] = []
    with client(listener.port, kept=4) as to:
        threads = [threading.Thread(target=lambda: found.append(post(to).status)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [200] * 16


def test_nobody_there_means_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client(port) as to, pytest.raises(NotSentError, match="refused"):
        post(to)
    with client(80, host="no-such-host.invalid") as to, pytest.raises(NotSentError):
        post(to)


def test_closed_after_the_request_means_unknown(listen):
    listener = listen(lambda listener, connection: listener.read_request(connection))
    with client(listener.port) as to, pytest.raises(OutcomeUnknownError):
        post(to)
    assert len(listener.requests) == 1


def test_half_an_answer_means_unknown(listen):
    def half(listener, connection):
        listener.read_request(connection)
        connection.sendall(ANSWER[:-1])

    with client(listen(half).port) as to, pytest.raises(OutcomeUnknownError):
        post(to)


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b""]
)
def test_one_deadline_however_slowly_the_bytes_come(listen, beginning):
    def trickle(listener, connection):
        listener.read_request(connection)
        connection.sendall(beginning)
        while listener.wait(0.05):
            connection.sendall(b"x" if beginning else b"")

    with (
        client(listen(trickle).port) as to,
        pytest.raises(OutcomeUnknownError, match=r"no answer within 0\.4 s"),
    ):
        post(to, seconds=0.4, max_bytes=100_000)


def test_a_deadline_that_has_passed_leaves_the_next_request_alone(listen):
    listener = listen(answers)
    with client(listener.port) as to:
        post(to, seconds=0.3)
        time.sleep(0.5)
        assert post(to).status == 200
    assert listener.connections == 1


def test_an_answer_that_is_too_long_is_not_taken(listen):
    with client(listen(answers).port) as to, pytest.raises(OutcomeUnknownError, match="more than 1 bytes"):
        post(to, max_bytes=1)


def test_a_body_that_nobody_wants_is_not_waited_for(listen):
    def headers_only(listener, connection):
        listener.read_request(connection)
        connection.sendall(ANSWER[:-2])
        listener.wait(60)

    with client(listen(headers_only).port) as to:
        assert post(to, max_bytes=0).status == 200


# --- TLS, to an address that was looked up before -------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates for hooks.example.com by an authority of our own: ca.pem, and cert.pem with its key."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])

    def certificate(name: x509.Name, *, is_authority: bool) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(utc_now() - timedelta(days=1)).not_valid_after(utc_now() + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .add_extension(_usage(is_authority), critical=True)
        )  # fmt: skip
        return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)

    (folder / "ca.pem").write_bytes(certificate(issuer, is_authority=True))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "cert.pem").write_bytes(certificate(subject, is_authority=False) + private)
    return folder


def _usage(is_authority: bool) -> x509.KeyUsage:
    others = (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **dict.fromkeys(others, False)
    )  # fmt: skip


@pytest.fixture
def server_context(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem")
    return context


def test_the_certificate_and_the_name_asked_for_are_the_hosts(listen, authority, server_context, monkeypatch):
    asked: list[str | None] = []
    server_context.sni_callback = lambda connection, name, context: asked.append(name)
    listener = listen(answers, server_context)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    with client(listener.port, "https", "hooks.example.com", address="127.0.0.1") as to:
        assert post(to).status == 200
        assert post(to).status == 200
    assert listener.connections == 1
    assert asked == ["hooks.example.com"]
    assert f"Host: hooks.example.com:{listener.port}\r\n".encode() in listener.requests[0]


@pytest.mark.parametrize("host", ["other.example.com", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(
    listen, authority, server_context, monkeypatch, host
):
    listener = listen(answers, server_context)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    with (
        client(listener.port, "https", host, address="127.0.0.1") as to,
        pytest.raises(NotSentError, match="certificate"),
    ):
        post(to)
    assert listener.requests == []


def test_an_authority_that_nobody_knows_is_refused(listen, server_context):
    listener = listen(answers, server_context)
    with (
        client(listener.port, "https", "hooks.example.com", address="127.0.0.1") as to,
        pytest.raises(NotSentError),
    ):
        post(to)
    assert listener.requests == []
