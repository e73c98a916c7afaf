"""A real HTTP server that speaks as the gateway does: it runs prompts, charges them on record, and misbehaves on request."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import connection

from accounts.models import Team
from governance.records.models import AuditRecord
from tests.governance.records.factories import make_call, make_content

COST = 1_000_000
Answer = tuple[int, dict[str, Any], dict[str, str]]


class RunServer:
    """`behave(path, body, attempt)` may answer (status, body, headers), or None for the usual answer."""

    def __init__(self, team_id: int) -> None:
        self.team_id = team_id
        self.behave: Callable[[str, dict[str, Any], str], Any] = lambda *_: None
        self.requests: list[tuple[str, dict[str, Any], str]] = []
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        self.url = ""

    @property
    def charged(self) -> Counter[str]:
        """How often each purpose of each result was charged, whatever the attempt."""
        ids = AuditRecord.objects.filter(cost_nanos__gt=0).values_list("request_id", flat=True)
        return Counter(request_id.rpartition("-")[0] for request_id in ids)

    def record(self, request_id: str, *, text: str = "", cost: int = COST, **columns: Any) -> Any:
        """Charges a call and puts it on record, as the gateway does before it answers."""
        values = {"duration_ms": 120.0, "input_tokens": 30, "output_tokens": 10, **columns}
        call = make_call(Team(pk=self.team_id), cost_nanos=cost, request_id=request_id, **values)
        if text:
            make_content(call, answered=text)
        return call.pk

    def usual(self, path: str, body: dict[str, Any], request_id: str) -> Answer:
        """What is asked comes back: the variable `answer`, or the question in capitals."""
        if path == "/v1/embeddings":
            call_id = self.record(request_id, cost=COST // 10)
            vectors = [
                {"embedding": [float(text.count(letter)) for letter in "abcdefgh"]} for text in body["input"]
            ]
            return 200, {"data": vectors}, {"x-gatehouse-call-id": str(call_id)}
        variables = body["variables"]
        text = str(variables.get("answer") or str(variables.get("question", "")).upper())
        call_id = self.record(request_id, text=text, prompt_version=body.get("version"))
        answer = {
            "id": str(call_id), "version": body.get("version"), "output": text, "data": None, "usage": {"input_tokens": 30, "output_tokens": 10},
            "cost_usd": "0.001", "duration_ms": 120.0, "contract": None,
        }  # fmt: skip
        return 200, answer, {"x-gatehouse-call-id": str(call_id)}


def refusal(status: int, code: str, **headers: str) -> Answer:
    return status, {"error": {"code": code, "message": f"{code}, says the gateway."}}, headers


@contextmanager
def running(team_id: int) -> Iterator[RunServer]:
    server = RunServer(team_id)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            request_id = self.headers["x-request-id"]
            with server.lock:
                server.requests.append((self.path, body, request_id))
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                found = server.behave(self.path, body, request_id)
                status, answer, headers = found or server.usual(self.path, body, request_id)
            except ConnectionAbortedError:
                self.close_connection = True
                self.connection.close()
                return
            finally:
                with server.lock:
                    server.at_once -= 1
                connection.close()
            raw = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(raw))}.items():
                self.send_header(name.replace("_", "-"), value)
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
