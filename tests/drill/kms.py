"""A service of keys as AWS KMS' API has it (AWS KMS API reference: Encrypt, Decrypt), which can hang."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "arn:aws:kms:us-east-1:000000000000:key/drill"
_MARK = b"under the drill's key: "


class Kms:
    """`url` is where it listens; while `answers` is not set, it takes connections and says nothing."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0
        self.url = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        kms = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kms.asked += 1
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                kms.answers.wait()
                body = json.dumps(_answer(asked)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Nowhere."""

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # who waited has left
                    return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            self.answers.set()
            server.shutdown()
            server.server_close()


def _answer(asked: dict[str, str]) -> dict[str, str]:
    if "Plaintext" in asked:
        return {"KeyId": KEY, "CiphertextBlob": b64encode(_MARK + b64decode(asked["Plaintext"])).decode()}
    return {
        "KeyId": KEY,
        "Plaintext": b64encode(b64decode(asked["CiphertextBlob"]).removeprefix(_MARK)).decode(),
    }
