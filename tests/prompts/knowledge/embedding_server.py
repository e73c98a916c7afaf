"""A real HTTP server in the gateway's place that embeds every text alike, or refuses as it is told."""

import json
import threading
from array import array
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class EmbeddingServer:
    """`refuse_with(status, message)` makes it answer so from then on."""

    def __init__(self) -> None:
        self.url = ""
        self._refusal: tuple[int, str] | None = None

    def refuse_with(self, status: int, message: str) -> None:
        self._refusal = status, message

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self._refusal is not None:
            status, message = self._refusal
            return status, {"error": {"code": "refused", "message": message}}
        vector = b64encode(array("f", [0.5] * body.get("dimensions", 1024)).tobytes()).decode()
        return 200, {"data": [{"embedding": vector} for _ in body["input"]]}


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Runs one."""
    server = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/embeddings"
            status, answer = server.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = False
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
