"""Images that calls name by their addresses on the web, in each format that has them."""

import base64
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.services import Server

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


_BAD = {
    "/endless.png": (200, {"content-type": "image/png"}),
    "/huge.png": (200, {"content-type": "image/png", "content-length": str(2**30)}),
    "/to-metadata.png": (302, {"location": "http://169.254.169.254/latest/meta-data/iam"}),
    "/round.png": (302, {"location": "/round.png"}),
}
"""What is answered at addresses that are no pictures; what is a 200 never ends."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in _BAD:
            self._bad()
            return
        self.send_response(200 if self.path.startswith("/pixel.png") else 404)
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(len(PIXEL)))
        self.end_headers()
        self.wfile.write(PIXEL)

    def _bad(self) -> None:
        status, headers = _BAD[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the gateway leaves
            while status == 200:
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *_: object) -> None:
        """Not in the tests' output."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def fetching(shared_world: World, site: str) -> Server:
    env = {"GATEHOUSE_IMAGE_HOSTS": site, "GATEHOUSE_IMAGES_ALLOW_PRIVATE": "true"}
    return shared_world.stack.gateway(env=env)


def chat(*urls: str) -> tuple[str, dict]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return "/v1/chat/completions", {
        "messages": [{"role": "user", "content": [*parts, {"type": "text", "text": "Hi"}]}]
    }


def messages(*urls: str) -> tuple[str, dict]:
    parts = [{"type": "image", "source": {"type": "url", "url": url}} for url in urls]
    content = [*parts, {"type": "text", "text": "Hi"}]
    return "/v1/messages", {"max_tokens": 50, "messages": [{"role": "user", "content": content}]}


def responses(*urls: str) -> tuple[str, dict]:
    parts = [{"type": "input_image", "image_url": url} for url in urls]
    return "/v1/responses", {
        "input": [{"role": "user", "content": [*parts, {"type": "input_text", "text": "Hi"}]}]
    }


def post(url: str, key: str, made: tuple[str, dict], **members):
    path, body = made
    headers = {"authorization": f"Bearer {key}"}
    return HTTP.post(url + path, json={"model": MODEL} | body | members, headers=headers, timeout=30)


@pytest.mark.parametrize("make", [chat, messages, responses])
@pytest.mark.parametrize("stream", [False, True])
def test_the_model_gets_the_picture(world, fetching, site, make, stream):
    url = f"http://{site}/pixel.png"
    answer = post(fetching.url, world.key, make(url, url), stream=stream)
    assert answer.status_code == 200
    blocks = world.received()[-1]["body"]["messages"][0]["content"]
    images = [block["image"] for block in blocks if "image" in block]
    expected = {"format": "png", "source": {"bytes": base64.b64encode(PIXEL).decode()}}
    assert images == [expected, expected]


@pytest.mark.parametrize("make", [chat, messages, responses])
@pytest.mark.parametrize(
    ("path", "words"),
    [("http://SITE/missing.png", "answered 404"), ("https://example.com/x.png", "GATEHOUSE_IMAGE_HOSTS"),
     ("http://169.254.169.254/latest/meta-data", "GATEHOUSE_IMAGE_HOSTS")],
)  # fmt: skip
def test_what_is_not_fetched_is_said_at_its_place(world, fetching, site, make, path, words):
    answer = post(
        fetching.url, world.key, make(f"http://{site}/pixel.png", path.replace("SITE", site)), stream=True
    )
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert "content[1]" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("endless", "no image of up to"), ("huge", "no image of up to"), ("to-metadata", "GATEHOUSE_IMAGE_HOSTS"),
     ("round", "redirects more than 3 times")],
)  # fmt: skip
def test_what_a_picture_must_not_be_ends_soon_and_calls_no_model(world, fetching, site, path, words):
    before = len(world.received())
    answer = post(fetching.url, world.key, chat(f"http://{site}/{path}.png"))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert len(world.received()) == before


@pytest.mark.parametrize("make", [chat, messages, responses])
def test_without_the_setting_nothing_is_fetched(world, make):
    answer = post(world.url, world.key, make("https://example.com/x.png"))
    assert answer.status_code == 400
    assert "GATEHOUSE_IMAGE_HOSTS" in answer.json()["error"]["message"]


def test_nobody_without_a_key_has_anything_fetched(world, fetching, site):
    assert post(fetching.url, "gh_wrong", chat(f"http://{site}/pixel.png")).status_code == 401


def test_so_many_and_no_more(world, fetching, site):
    answer = post(fetching.url, world.key, chat(*(f"http://{site}/pixel.png?{n}" for n in range(21))))
    assert (answer.status_code, "20" in answer.json()["error"]["message"]) == (400, True)


def test_counting_tokens_fetches_nothing(world):
    _, body = messages("https://example.com/x.png")
    answer = post(world.url, world.key, ("/v1/messages/count_tokens", body))
    assert answer.status_code == 200
    assert answer.json()["input_tokens"] > 0
