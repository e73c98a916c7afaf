"""Images from the web: which hosts are asked, where that may lead, and what is taken for an image."""

import base64
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from gateway.providers import web_images
from gateway.providers.web_images import ImageNotFetchedError, WebImages

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
PICTURES = {"png": PNG, "jpeg": b"\xff\xd8\xff\xe0", "gif": b"GIF89a", "webp": b"RIFF\0\0\0\0WEBPVP8 "}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        name = unquote(self.path.partition("?")[0][1:])
        if name in PICTURES:
            self._answer(200, PICTURES[name], "image/whatever")
        elif name == "page":
            self._answer(200, b"<html>", "text/html; charset=utf-8")
        elif name == "lies":
            self._answer(200, b"<html>", "image/png")
        elif name == "missing":
            self._answer(404, PNG, "image/png")
        elif name == "bucket":
            self._answer(200, PNG, "binary/octet-stream")
        elif name == "large":
            self._endless(PNG + bytes(65_536), pause=False)
        elif name == "endless":
            self._endless(b"x", pause=True)
        elif name.startswith("to/"):
            self._answer(302, b"", "", location=name[3:].replace("|", "/") or "/to/")

    def _answer(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for header, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def _endless(self, piece: bytes, *, pause: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(2**30))
        self.end_headers()
        try:
            while True:
                self.wfile.write(piece)
                if pause:
                    threading.Event().wait(0.05)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Not in the tests' output."""


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """Where a server of images is, and what it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Handler,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"localhost:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("kind", PICTURES)
async def test_an_image(site, kind):
    host, asked = site
    found = await WebImages([host], allow_private=True).fetch(f"http://{host}/{kind}?signature=a%2Fb")
    assert (found.format, base64.b64decode(found.data)) == (kind, PICTURES[kind])
    assert asked == [f"/{kind}?signature=a%2Fb"]


async def test_redirects_are_followed_within_the_list(site):
    host, asked = site
    images = WebImages([host], allow_private=True)
    assert (await images.fetch(f"http://{host}/to/|png")).format == "png"
    assert asked == ["/to/%7Cpng", "/png"]
    assert (await images.fetch(f"http://{host}/bucket")).format == "png"


BAD = {
    "page": "is text/html",
    "lies": "not a PNG",
    "missing": "answered 404",
    "large": "no image of up to",
    "endless": "in time|within",
    "to/http:||169.254.169.254|latest|meta-data": "169.254.169.254 is not among the hosts",
    "to/http:||127.0.0.1|png": "127.0.0.1 is not among the hosts",
    "to/file:|||etc|passwd": "only https://",
    "to/": "redirects more than",
}


@pytest.mark.parametrize("path", BAD)
async def test_what_is_no_image_of_the_list(site, path, monkeypatch):
    monkeypatch.setattr(web_images, "SECONDS", 1.0)
    host, _ = site
    with pytest.raises(ImageNotFetchedError, match=BAD[path]):
        await WebImages([host], allow_private=True).fetch(f"http://{host}/{path}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://other.example.com/a.png", "not among the hosts"),
        ("https://example.com.evil.org/a.png", "not among the hosts"),
        ("https://evil-example.com/a.png", "not among the hosts"),
        ("https://example.com:8443/a.png", "not among the hosts"),
        ("https://user:word@example.com/a.png", "not valid"),
        ("https://example.com\\@evil.org/a.png", "not among|not valid"),
        ("http://example.com/a.png", "only https"),
        ("https:///a.png", "not valid"),
        ("https://[::1/a.png", "not valid"),
        ("https://example.com/a b.png", "not valid"),
    ],
)
async def test_addresses_that_are_not_asked(url, words):
    with pytest.raises(ImageNotFetchedError, match=words):
        await WebImages(["example.com", "*.pictures.example.com"]).fetch(url)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00:ec2::254",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "224.0.0.1"],
)  # fmt: skip
async def test_a_name_that_leads_home_is_not_asked(address, monkeypatch):
    def lookup(host, port, **_):
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(ImageNotFetchedError, match="not on the internet"):
        await WebImages(["*.example.com"]).fetch("https://a.example.com/x.png")


async def test_without_hosts_nothing_is_fetched():
    with pytest.raises(ImageNotFetchedError, match="GATEHOUSE_IMAGE_HOSTS"):
        await WebImages([]).fetch("https://example.com/x.png")
