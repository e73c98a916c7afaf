"""HTTP/2 beside HTTP/1.1 on one port, and what a client may do to it."""

import asyncio
import shutil
import subprocess

import h2.events as e
import httpx
import pytest
from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, DataFrame, GoAwayFrame, HeadersFrame, PingFrame, SettingsFrame

from tests.serving.servers import App, client, serving, until


async def test_both_are_spoken_on_one_port():
    async with serving(App()) as port:
        for versions in ({"http2": False}, {"http1": False, "http2": True}):
            async with httpx.AsyncClient(**versions) as http:
                answers = await asyncio.gather(
                    *(
                        http.post(f"http://127.0.0.1:{port}/echo", content=b"%d" % n * 30_000)
                        for n in range(20)
                    )
                )
            assert {each.http_version for each in answers} == {
                "HTTP/2" if "http1" in versions else "HTTP/1.1"
            }
            assert [each.content for each in answers] == [b"%d" % n * 30_000 for n in range(20)]
            assert answers[0].headers["x-case"] == "kept"


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl, which makes the certificate, is missing"
)
@pytest.mark.parametrize("wants_http2", [True, False])
async def test_tls_agrees_on_one(tmp_path, wants_http2):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    arguments = (*made, "-keyout", key, "-out", certificate)
    await asyncio.to_thread(subprocess.run, arguments, check=True, capture_output=True)
    async with (
        serving(App(), ssl_certfile=str(certificate), ssl_keyfile=str(key)) as port,
        httpx.AsyncClient(http2=wants_http2, verify=False) as http,
    ):
        answer = await http.get(f"https://127.0.0.1:{port}/")
    assert (answer.http_version, answer.text) == ("HTTP/2" if wants_http2 else "HTTP/1.1", "hello")


async def test_what_the_application_is_told():
    app = App()
    async with serving(app) as port, client(port) as http:
        stream = http.ask("/a%2Fb%20c?d=%20", body=b"x", more=[("cookie", "a=1"), ("cookie", "b=2")])
        await http.say()
        await http.until(e.StreamEnded, stream)
    scope = app.scopes[0]
    assert (scope["http_version"], scope["path"], scope["raw_path"]) == ("2", "/a/b c", b"/a%2Fb%20c")
    assert scope["query_string"] == b"d=%20"
    assert dict(scope["headers"]) == {b"host": b"here", b"cookie": b"a=1; b=2"}


async def test_a_client_that_says_goodbye_still_gets_its_answer():
    """AWS's Node SDK does, as soon as a stream begins."""
    app = App()
    async with serving(app) as port, client(port) as http:
        stream = http.ask("/wait")
        await http.say(GoAwayFrame(0))
        await until(lambda: app.scopes)
        http.h2.ping(b"12345678")
        await http.say()
        await http.until(e.PingAckReceived)
        app.may_end.set()
        await http.until(e.StreamEnded, stream)
    assert http.text(stream) == b"hello"


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_the_application_hears_that_a_client_has_left(how):
    app = App()
    async with serving(app) as port, client(port, opens=True) as http:
        stream = http.ask("/endless")
        await http.say()
        await http.until(e.DataReceived, stream)
        if how == "reset":
            http.h2.reset_stream(stream, ErrorCodes.CANCEL)
            await http.say()
        else:
            http.writer.transport.abort()
        await until(lambda: app.seen["http.disconnect"])


async def test_a_slow_reader_holds_the_application_back():
    app = App()
    async with serving(app) as port, client(port) as http:
        stream = http.ask("/endless")
        await http.say()
        await http.until(e.DataReceived, stream)
        other = http.ask("/")
        await http.say()
        await http.until(e.ResponseReceived, other)
        assert app.sent_bytes <= 65_535  # what the client has room for
        held = app.sent_bytes
        http.h2.increment_flow_control_window(10_000)
        http.h2.increment_flow_control_window(10_000, stream)
        await http.say()
        await until(lambda: app.sent_bytes > held)
        assert app.sent_bytes <= 75_535


async def test_one_stream_too_many_may_be_tried_again(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_STREAMS_PER_CONNECTION", "3")
    app = App()
    async with serving(app) as port, client(port) as http:
        await http.say()
        await http.until(e.SettingsAcknowledged)
        first = http.ask("/")
        await http.say()
        await http.until(e.StreamEnded, first)
        assert http.h2.remote_settings.max_concurrent_streams == 3
        http.h2.remote_settings[3] = 100  # as a client that does not care
        http.h2.remote_settings.acknowledge()
        streams = [http.ask("/wait") for _ in range(4)]
        await http.say()
        refused = await http.until(e.StreamReset)
        assert (refused.stream_id, refused.error_code) == (streams[-1], ErrorCodes.REFUSED_STREAM)
        app.may_end.set()
        await http.until(e.StreamEnded, streams[0])


def _resets(http):
    for _ in range(30):
        stream = http.ask("/wait")
        http.h2.reset_stream(stream, ErrorCodes.CANCEL)
    return ()


FLOODS = {
    "resets": _resets,
    "pings": lambda http: [PingFrame(0, b"12345678")] * 30,
    "settings": lambda http: [SettingsFrame(0)] * 30,
    "empty": lambda http: [DataFrame(http.ask("/echo", body=None))] * 30,
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_floods_end_the_connection(kind, monkeypatch):
    monkeypatch.setenv("GATEHOUSE_RESETS_PER_SECOND", "2")
    monkeypatch.setenv("GATEHOUSE_CONTROL_FRAMES_PER_SECOND", "2")
    app = App()
    async with serving(app) as port, client(port) as http:
        await http.say(*FLOODS[kind](http))
        ended = await http.until(e.ConnectionTerminated)
        assert ended.error_code == ErrorCodes.ENHANCE_YOUR_CALM
        assert await http.is_closed()
        assert len(app.scopes) <= 21


HEADS = {
    "continuations": lambda http: [HeadersFrame(1, b"\x00"), *[ContinuationFrame(1, b"\x00")] * 100],
    "bytes": lambda http: (http.ask(more=[("a", "x" * 9_000)]), ())[1],
    "compressed bytes": lambda http: (http.ask(more=[("a", "x" * 900)] * 15), ())[1],
}


@pytest.mark.parametrize("kind", HEADS)
async def test_endless_headers_end_the_connection(kind, monkeypatch):
    monkeypatch.setenv("GATEHOUSE_HEADER_BYTES", "8192")
    app = App()
    async with serving(app) as port, client(port) as http:
        await http.say(*HEADS[kind](http))
        await http.until(e.ConnectionTerminated)
        assert await http.is_closed()
    assert not app.scopes


async def test_too_many_headers_end_the_stream():
    app = App()
    async with serving(app) as port, client(port) as http:
        stream = http.ask(more=[(f"a{n}", "x") for n in range(300)])
        await http.say()
        await http.until(e.StreamReset, stream)
        good = http.ask()
        await http.say()
        await http.until(e.StreamEnded, good)
    assert len(app.scopes) == 1


async def test_a_body_that_does_not_come_ends_its_stream_alone(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_BODY_SECONDS", "0.3")
    app = App()
    async with serving(app) as port, client(port) as http:
        slow, waiting = http.ask("/echo", body=None), http.ask("/wait")
        await http.say()
        ended = await http.until(e.StreamReset, slow)
        assert ended.error_code == ErrorCodes.ENHANCE_YOUR_CALM
        assert app.seen["left before the end of the body"] == 1
        app.may_end.set()
        await http.until(e.StreamEnded, waiting)


async def test_an_answer_that_nobody_takes_is_ended(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_STALLED_SECONDS", "0.3")
    app = App()
    async with serving(app) as port, client(port) as http:
        stream = http.ask("/endless")
        await http.say()
        await http.until(e.StreamReset, stream)
        await until(lambda: app.seen["http.disconnect"])


async def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_IDLE_SECONDS", "0.3")
    async with serving(App()) as port, client(port) as http:
        await http.say()
        ended = await http.until(e.ConnectionTerminated)
        assert ended.error_code == ErrorCodes.NO_ERROR
        assert await http.is_closed()


async def test_a_server_that_ends_says_so_and_gives_the_answers_under_way():
    app = App()
    async with serving(app) as port, client(port) as http:
        http.ask("/wait")
        await http.say()
        await until(lambda: app.scopes)
        app.stop()
        frames = b""
        while (7, 0) not in _frames(frames):
            frames += await http.reader.readexactly(1)
        app.may_end.set()
        async with asyncio.timeout(20):
            frames += await http.reader.read()
    kinds = [kind for kind, _ in _frames(frames)]
    assert kinds.index(7) < kinds.index(0)  # GOAWAY, DATA
    assert b"hello" in frames


def _frames(data: bytes) -> list[tuple[int, int]]:
    """Kind and stream of each whole frame."""
    found = []
    while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
        found.append((data[3], int.from_bytes(data[5:9], "big")))
        data = data[9 + int.from_bytes(data[:3], "big") :]
    return found


async def test_an_answer_that_ends_its_connection_ends_it_behind_what_is_under_way(monkeypatch):
    monkeypatch.setattr("serving.http2._LEAVING_SECONDS", 0.1)
    monkeypatch.setenv("GATEHOUSE_STALLED_SECONDS", "0.8")  # so that it is looked often
    app = App()
    async with serving(app) as port, client(port) as found:
        waiting, last = found.ask("/wait"), found.ask("/last")
        await found.say()
        await found.until(e.StreamEnded, last)
        app.may_end.set()
        await found.until(e.StreamEnded, waiting)
        assert found.text(waiting) == b"hello"
        assert await found.is_closed()
