"""Callers, some of whom leave midway, until told to stop."""

import asyncio
import random
import threading
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import httpx

from tests.e2e.conftest import MODEL
from tests.in_thread import in_thread


@dataclass(frozen=True)
class Caller:
    """Who calls: a key, and the tags it sends."""

    key: str
    tags: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = (MODEL,)


class Callers:
    """So many calls at once, each to a random gateway by a random caller; counts what they ended with."""

    def __init__(self, urls: list[str], callers: list[Caller], concurrency: int, *, seed: int = 0) -> None:
        self._urls, self._callers, self._concurrency, self._seed = urls, callers, concurrency, seed
        self.outcomes: Counter[str] = Counter()
        self.answered: set[str] = set()
        """Calls answered in full with 200."""
        self.known: set[str] = set()
        """Calls of which anything was heard."""

    def running(self) -> AbstractContextManager[None]:
        """Calls, from a thread of their own, while the block lasts."""
        return in_thread(self._run)

    async def _run(self, stop: threading.Event) -> None:
        limits = httpx.Limits(max_connections=self._concurrency)
        async with httpx.AsyncClient(timeout=30, limits=limits) as client:
            numbers = range(self._concurrency)
            await asyncio.gather(*(self._call(client, number, stop) for number in numbers))

    async def _call(self, client: httpx.AsyncClient, number: int, stop: threading.Event) -> None:
        dice = random.Random(self._seed * 100_000 + number)
        while not stop.is_set():
            caller = dice.choice(self._callers)
            is_stream = dice.random() < 0.5
            content = f"[simulate: tokens={dice.randint(1, 80)}] I am person{number}@example.com"
            body = {
                "model": dice.choice(caller.models),
                "stream": is_stream,
                "max_tokens": 100,
                "messages": [{"role": "user", "content": content}],
            }
            headers = {"authorization": f"Bearer {caller.key}"} | caller.tags
            url = dice.choice(self._urls) + "/v1/chat/completions"
            try:
                async with client.stream("POST", url, json=body, headers=headers) as answer:
                    self.outcomes[str(answer.status_code)] += 1
                    call_id = answer.headers["x-gatehouse-call-id"]
                    if answer.status_code != 503:  # which says that nothing is on record yet
                        self.known.add(call_id)
                    if is_stream and dice.random() < 0.2:
                        continue
                    await answer.aread()
                    if answer.status_code == 200 and not is_stream:
                        self.answered.add(call_id)
            except httpx.HTTPError as error:
                self.outcomes[type(error).__name__] += 1
                await asyncio.sleep(0.05)
