"""What running a prompt by its name costs more than sending its text: the same words, budgets and limits."""

import json
from statistics import median
from tempfile import NamedTemporaryFile

from embedded.ports import free_port
from tests.bench import calls, load
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.services import Stack

CONCURRENCY = (1, 16, 64)
_ROUNDS = 15
_SYSTEM = "You answer questions of customers of {company}. Be friendly and short, and never promise what you can't keep."
_USER = "<question>\n{text}\n</question>\nAnswer in the tone: {tone}."
_WAYS = ("the text itself", "the prompt by its name", "the prompt as a model")


def rows(stack: Stack, *, key: str, postmaster: int, env: dict[str, str], count: int) -> list[calls.Row]:
    """Medians of several rounds, taken in turns; the first of each concurrency is the raw call."""
    _make(stack)
    upstream, gateway = free_port(), free_port()
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    requests = _requests(key, max(count // _ROUNDS, 100))
    with (
        running(["-m", "tests.bench.upstream", str(upstream)]),
        running(uvicorn("config.asgi:application", gateway), env=env) as process,
    ):
        wait_for_port(upstream)
        wait_for(gateway, "/readyz")
        found: list[calls.Row] = []
        for concurrency in CONCURRENCY:
            several: dict[str, list[calls.Row]] = {name: [] for name in requests}
            for _ in range(_ROUNDS):
                for name, sent in requests.items():
                    used = sent if concurrency > 1 else sent[: len(sent) // 3]
                    several[name].append(
                        calls.measure(
                            name=name, port=gateway, process=process, requests=used, concurrency=concurrency,
                            postmaster=postmaster,
                        )
                    )  # fmt: skip
            found += [_middle(each) for each in several.values()]
        return found


def _middle(several: list[calls.Row]) -> calls.Row:
    first = several[0]
    figures = {
        name: median(getattr(row, name) for row in several)
        for name in ("cpu", "postgres", "p50", "p99", "per_second")
    }
    return calls.Row(
        name=first.name, concurrency=first.concurrency, errors=sum(row.errors for row in several), **figures
    )


def _make(stack: Stack) -> None:
    variables = [
        {"name": "company", "default": "ACME"},
        {"name": "text", "schema": {"maxLength": 5000}},
        {"name": "tone", "schema": {"enum": ["formal", "warm"]}},
    ]
    document = {
        "model": "bench",
        "messages": [
            {"role": "system", "text": _SYSTEM.replace("{company}", "{{ company }}")},
            {"role": "user", "text": _USER.replace("{text}", "{{ text }}").replace("{tone}", "{{ tone }}")},
        ],
        "variables": variables,
        "limits": {"max_output_tokens": 200},
    }
    with NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({"name": "bench", "note": "For the benchmark.", "version": document}, file)
        file.flush()
        stack.manage("prompts", "push", "--team", "Bench", "--submit", "--label", "production", file.name)


def _requests(key: str, count: int) -> dict[str, list[bytes]]:
    texts = [json.loads(body)["messages"][0]["content"] for body in load.prompts(count)]
    found: dict[str, list[bytes]] = {}
    for way in _WAYS:
        bodies = [_body(way, text) for text in texts]
        path = "/v1/prompts/bench/run" if way == _WAYS[1] else "/v1/chat/completions"
        found[way] = [load.request_bytes(path, body=json.dumps(body).encode(), key=key) for body in bodies]
    return found


def _body(way: str, text: str) -> dict[str, object]:
    variables = {"text": text, "tone": "warm"}
    if way == _WAYS[1]:
        return {"variables": variables}
    if way == _WAYS[2]:
        return {"model": "prompt/bench", "messages": [], "metadata": {"variables": variables}}
    return {
        "model": "bench",
        "messages": [
            {"role": "system", "content": _SYSTEM.format(company="ACME")},
            {"role": "user", "content": _USER.format(text=text, tone="warm")},
        ],
        "max_tokens": 200,
    }
