"""Callers that note what became of each of their calls."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.conftest import MODEL
from tests.in_thread import in_thread

TOKENS_PER_SECOND = 20
"""Of the simulator, so that a stream of 60 takes three seconds."""
_TIMEOUT_SECONDS = 40.0
_PAUSE, _PAUSE_AFTER_FAILURE = 0.15, 0.4
_OUT_OF_BUDGET = "budget_exceeded"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and for what. `is_hard`: its budget runs out, and that is no failure."""

    key: str
    tokens: int
    is_stream: bool
    is_hard: bool = False


@dataclass(slots=True)
class Made:
    """A call. `status` is 0 where the connection broke before there was one; moments are of `time.monotonic`."""

    begun: float
    tokens: int
    is_stream: bool
    is_hard: bool = False
    ended: float = 0.0
    status: int = 0
    call_id: str = ""
    code: str = ""
    usage: tuple[int, int] | None = None
    """Tokens of input and output, as the answer says."""
    is_whole: bool = False

    @property
    def has_failed(self) -> bool:
        return not self.is_whole and not (self.is_hard and self.code == _OUT_OF_BUDGET)


class Load:
    """All callers at once, each making one call after another. Where nobody listens at one of the addresses, the next is asked,
    as a load balancer does."""

    def __init__(self, urls: Sequence[str], callers: Sequence[Caller]) -> None:
        self._urls, self._callers = tuple(urls), tuple(callers)
        self.made: list[Made] = []

    def running(self) -> AbstractContextManager[None]:
        """Calls, from a thread of their own, while the block lasts."""
        return in_thread(self._run)

    async def _run(self, stop: threading.Event) -> None:
        # A connection for each call: those of one that is kept all go to the same process.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, limits=limits) as client:
            await asyncio.gather(
                *(self._call_on(client, each, stop, number) for number, each in enumerate(self._callers))
            )

    async def _call_on(
        self, client: httpx.AsyncClient, caller: Caller, stop: threading.Event, number: int
    ) -> None:
        dice = random.Random(number)
        await asyncio.sleep(dice.random())
        while not stop.is_set():
            made = Made(time.monotonic(), caller.tokens, caller.is_stream, caller.is_hard)
            self.made.append(made)
            await call(client, dice.sample(self._urls, len(self._urls)), caller, made)
            await asyncio.sleep(_PAUSE if made.is_whole else _PAUSE_AFTER_FAILURE)


async def call(client: httpx.AsyncClient, urls: Sequence[str], caller: Caller, made: Made) -> None:
    """Makes one call, and notes what became of it."""
    body = {
        "model": MODEL, "max_tokens": 100, "stream": caller.is_stream,
        "messages": [{"role": "user", "content": f"[simulate: tokens={caller.tokens}] Go on."}],
    } | ({"stream_options": {"include_usage": True}} if caller.is_stream else {})  # fmt: skip
    headers = {"authorization": f"Bearer {caller.key}"}
    for url in urls:
        try:
            async with client.stream(
                "POST", f"{url}/v1/chat/completions", json=body, headers=headers
            ) as answer:
                made.status, made.call_id = answer.status_code, answer.headers.get("x-gatehouse-call-id", "")
                _note(made, await answer.aread())
        except httpx.ConnectError:
            made.code = "ConnectError"
            continue
        except (httpx.HTTPError, ValueError) as error:
            made.code = type(error).__name__
        break
    made.ended = time.monotonic()


def _note(made: Made, body: bytes) -> None:
    if made.status == 200 and made.is_stream:
        lines = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
        events = [json.loads(line) for line in lines if line != "[DONE]"]
        errors = [event["error"] for event in events if event.get("error")]
        made.code = str(errors[0].get("code")) if errors else ""
        made.is_whole = bool(lines) and lines[-1] == "[DONE]" and not errors
        usage = next((event["usage"] for event in events if event.get("usage")), None)
    else:
        document: dict[str, Any] = json.loads(body)
        made.code = str((document.get("error") or {}).get("code") or "")
        made.is_whole = made.status == 200
        usage = document.get("usage")
    if usage:
        made.usage = usage["prompt_tokens"], usage["completion_tokens"]
