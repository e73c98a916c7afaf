"""Callers by OpenAI's SDK with its defaults, behind a balancer that asks the gateways in turn, and the other one where a connection
is refused."""

import asyncio
import itertools
import random
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai

from tests.drill.load import Caller, Made
from tests.e2e.conftest import MODEL
from tests.in_thread import in_thread

_PAUSE = 0.2
_OUT_OF_BUDGET = "budget_exceeded"


@dataclass(slots=True)
class Tried(Made):
    """A call, with all that its SDK tried."""

    tries: int = 0
    waits: list[str] = field(default_factory=list)
    """Status and Retry-After of each answer that was not taken."""


_current: ContextVar[Tried] = ContextVar("current")


class Balancer(httpx.AsyncBaseTransport):
    """Round robin."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = [httpx.URL(url) for url in urls]
        self._turn = itertools.cycle(range(len(urls)))
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0), retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        made, first = _current.get(), next(self._turn)
        made.tries += 1
        for at in (first, first + 1):
            to = self._urls[at % len(self._urls)]
            request.url = request.url.copy_with(host=to.host, port=to.port)
            request.headers["host"] = f"{to.host}:{to.port}"
            try:
                answer = await self._inner.handle_async_request(request)
            except httpx.ConnectError:
                if at != first:
                    made.waits.append("no gateway")
                    raise
                continue
            except httpx.HTTPError as error:
                made.waits.append(type(error).__name__)
                raise
            made.call_id = answer.headers.get("x-gatehouse-call-id", "")
            made.status = answer.status_code
            if answer.status_code != 200:
                made.waits.append(f"{answer.status_code}/{answer.headers.get('retry-after')}")
            return answer
        raise AssertionError

    async def aclose(self) -> None:
        await self._inner.aclose()


class SdkLoad:
    """All callers at once, one call after another."""

    def __init__(self, urls: Sequence[str], callers: Sequence[Caller]) -> None:
        self._urls, self._callers = tuple(urls), tuple(callers)
        self.made: list[Tried] = []

    def running(self) -> AbstractContextManager[None]:
        return in_thread(self._run)

    async def _run(self, stop: threading.Event) -> None:
        transport = Balancer(self._urls)
        async with httpx.AsyncClient(transport=transport, timeout=600) as http:
            await asyncio.gather(
                *(self._call_on(http, each, stop, number) for number, each in enumerate(self._callers))
            )

    async def _call_on(
        self, http: httpx.AsyncClient, caller: Caller, stop: threading.Event, number: int
    ) -> None:
        dice = random.Random(number)
        await asyncio.sleep(3 * dice.random())
        client = openai.AsyncOpenAI(api_key=caller.key, base_url=f"{self._urls[0]}/v1", http_client=http)
        while not stop.is_set():
            made = Tried(time.monotonic(), caller.tokens, caller.is_stream, caller.is_hard)
            self.made.append(made)
            _current.set(made)
            await _call(client, caller, made)
            made.ended = time.monotonic()
            await asyncio.sleep(_PAUSE)


async def _call(client: openai.AsyncOpenAI, caller: Caller, made: Tried) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": f"[simulate: tokens={caller.tokens}] Go on."}],
    }
    try:
        if caller.is_stream:
            usage = await _streamed(client, asked, made)
        else:
            usage = (await client.chat.completions.create(**asked)).usage
    except openai.APIStatusError as error:
        made.code = str(error.code or error.status_code)
    except openai.APIError as error:  # also what comes inside a stream
        made.code = str(error.code or type(error).__name__)
    except (httpx.HTTPError, ValueError) as error:
        made.code = type(error).__name__
    else:
        made.is_whole = True
        if usage is not None:
            made.usage = usage.prompt_tokens, usage.completion_tokens


async def _streamed(client: openai.AsyncOpenAI, asked: dict[str, Any], made: Tried) -> Any:
    stream = await client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    usage, reason = None, None
    try:
        async for chunk in stream:
            usage = chunk.usage or usage
            reason = next((each.finish_reason for each in chunk.choices), None) or reason
    finally:
        with suppress(httpx.HTTPError):
            await stream.close()
    if reason is None or usage is None:
        raise httpx.ReadError("cut")
    return usage
