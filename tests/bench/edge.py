"""A caller with a key while others without one send large bodies and half a request each: p99 beside its quiet value."""

import asyncio
import json
import math
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from tests.services import Stack

SENDERS, HALF_OPEN, SECONDS = 4, 300, 20.0
_BODY = b'{"model":"x","messages":[' + b",".join([b'{"role":"user","content":""}'] * 620_000) + b"]}"
_CALL = {
    "model": "claude-haiku-4-5",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Hi [simulate: tokens=10]"}],
}


@dataclass
class Found:
    """Milliseconds of the caller's answers, quiet and under the storm, and what the others were told."""

    quiet: list[float] = field(default_factory=list)
    stormy: list[float] = field(default_factory=list)
    failed: int = 0
    told: Counter[str] = field(default_factory=Counter)


def measure(stack: Stack) -> Found:
    """First quiet, then under the storm."""
    made = stack.manage("create_api_key", "--team", "Bench edge", "--application", "Bench", "--json")
    url = stack.gateway(env={"GATEHOUSE_UNKNOWN_CALLS_PER_MINUTE": "60"}).url
    return asyncio.run(_measure(url, str(json.loads(made)["key"])))


def show(found: Found) -> None:
    """The figures."""
    print(
        f"\n{SENDERS} senders of {len(_BODY) / 1e6:.0f} MB without a key, {HALF_OPEN} half-open requests, {SECONDS:.0f} s\n"
        f"a caller with a key: p50 {_at(found.quiet, 0.5):.1f} → {_at(found.stormy, 0.5):.1f} ms, "
        f"p99 {_at(found.quiet, 0.99):.1f} → {_at(found.stormy, 0.99):.1f} ms "
        f"({_at(found.stormy, 0.99) / _at(found.quiet, 0.99):.2f} times), failed {found.failed} of {len(found.stormy)}\n"
        f"the others were told: {dict(found.told)}"
    )


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, math.floor(len(values) * share))]


async def _measure(url: str, key: str) -> Found:
    found = Found()
    async with httpx.AsyncClient(
        base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60
    ) as client:
        await _calls(client, 3.0, found)
        found.quiet = await _calls(client, SECONDS, found)
        # In a process of its own: else the caller would wait for those who send, in this one.
        storm = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.edge", url, stdout=asyncio.subprocess.PIPE
        )
        await asyncio.sleep(2)
        found.stormy = await _calls(client, SECONDS, found)
        told, _ = await storm.communicate()
    found.told = Counter(json.loads(told))
    return found


async def _storm(url: str) -> None:
    found, until = Found(), time.perf_counter() + SECONDS + 3
    storm = [asyncio.create_task(_send(url, until, found)) for _ in range(SENDERS)]
    half = [asyncio.create_task(_half_open(url, until)) for _ in range(HALF_OPEN)]
    await asyncio.gather(*storm, *half)
    print(json.dumps(found.told))


async def _calls(client: httpx.AsyncClient, seconds: float, found: Found) -> list[float]:
    """One after the other, twenty a second at most."""
    until, took = time.perf_counter() + seconds, []
    while (begun := time.perf_counter()) < until:
        answer = await client.post("/v1/chat/completions", json=_CALL)
        took.append((time.perf_counter() - begun) * 1000)
        found.failed += answer.status_code != 200
        await asyncio.sleep(0.05)
    return took


async def _send(url: str, until: float, found: Found) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while time.perf_counter() < until:
            try:
                answer = await client.post(
                    "/v1/chat/completions", content=_BODY, headers={"x-api-key": "gh_nobody"}
                )
                found.told[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                found.told[type(error).__name__] += 1


async def _half_open(url: str, until: float) -> None:
    """Half a request, and never the rest; again, should it be closed."""
    parts = urlsplit(url)
    while time.perf_counter() < until:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Le")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), max(0.1, until - time.perf_counter()))
            writer.close()
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(_storm(sys.argv[1]))
