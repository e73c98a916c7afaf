"""A Bedrock that says what a test wants, word for word: whole answers, frames of streams, and errors."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import orjson

from gateway.wire.eventstream import Frame, encode

USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}
_STREAM = "application/vnd.amazon.eventstream"


class FakeBedrock:
    """Gives its answers in their order, the last one for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """(model id, body), in order."""
        self._answers: deque[tuple[int, dict[str, str], bytes]] = deque()

    def says(self, *content: dict[str, Any], stop_reason: str = "end_turn", **more: Any) -> None:
        """A whole answer of these blocks."""
        answer = {
            "output": {"message": {"role": "assistant", "content": list(content)}},
            "stopReason": stop_reason,
            "usage": USAGE,
            "metrics": {"latencyMs": 7},
        }
        self._answers.append((200, {"content-type": "application/json"}, orjson.dumps(answer | more)))

    def streams(self, *frames: tuple[str, dict[str, Any]], stop_reason: str = "end_turn", stop: Any = None, **more: Any) -> None:  # fmt: skip
        """A stream of these frames between the first and the last two of every stream."""
        every = (
            ("messageStart", {"role": "assistant"}),
            *frames,
            ("messageStop", {"stopReason": stop_reason, **(stop or {})}),
            ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 7}, **more}),
        )
        self._send_frames([("event", *frame) for frame in every])

    def breaks_off(self, exception: str, message: str, *frames: tuple[str, dict[str, Any]]) -> None:
        """A stream of these frames that ends in an exception."""
        every = [("event", *frame) for frame in (("messageStart", {"role": "assistant"}), *frames)]
        self._send_frames([*every, ("exception", exception, {"message": message})])

    def fails(self, exception: str, status: int, message: str, **headers: str) -> None:
        """An error in place of an answer."""
        named = {"x-amzn-errortype": f"{exception}:http://internal.amazon.com/coral/", **headers}
        self._answers.append((status, named, orjson.dumps({"message": message})))

    def reset(self) -> None:
        self._answers.clear()
        self.asked.clear()

    def _send_frames(self, frames: list[tuple[str, str, dict[str, Any]]]) -> None:
        body = b"".join(encode(Frame(kind, name, orjson.dumps(payload))) for kind, name, payload in frames)
        self._answers.append((200, {"content-type": _STREAM}, body))

    def next(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.asked.append((unquote(path.split("/")[2]), orjson.loads(body)))
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]


@contextmanager
def fake_bedrock() -> Iterator[FakeBedrock]:
    fake = FakeBedrock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers, answer = fake.next(self.path, body)
            self.send_response(status)
            for name, value in {
                **headers,
                "x-amzn-requestid": "r-1",
                "content-length": str(len(answer)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
