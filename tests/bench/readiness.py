"""How long /readyz takes to answer while one process has two thousand streams of two tokens a second."""

import asyncio
import time
from statistics import median, quantiles

from embedded.ports import free_port
from embedded.server import LOOP, PROTOCOLS
from tests.bench import load
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.bench.streams import INTERVAL, _open_all

STREAMS, SPREAD, SECONDS = 2000, 15.0, 8.0
_PROBE = b"GET /readyz HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"


async def _probe(port: int) -> tuple[float, bool]:
    """Milliseconds, over a connection of its own as probes have one, and whether it said ready."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_PROBE)
    answer = await reader.read()
    writer.close()
    return (time.perf_counter() - begun) * 1000, b" 200 " in answer[:20]


def _streams(port: int, requests: list[bytes]) -> load.Outcome:
    return asyncio.run(_open_all(port, requests, spread=SPREAD))


async def _measure(port: int, requests: list[bytes]) -> list[tuple[float, bool]]:
    # In a thread: who opens two thousand streams must not hold up who asks.
    opening = asyncio.create_task(asyncio.to_thread(_streams, port, requests))
    await asyncio.sleep(SPREAD + 1)
    found, until = [], time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        found.append(await _probe(port))
        await asyncio.sleep(0.1)
    outcome = await opening
    assert (len(outcome.first_byte), outcome.errors) == (len(requests), 0), outcome.errors
    return found


def measure(*, key: str, env: dict[str, str]) -> list[tuple[float, bool]]:
    """Of each probe: milliseconds, and whether it said ready."""
    upstream, gateway = free_port(), free_port()
    env = {
        **env,
        "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}",
        "GATEHOUSE_MAX_CALLS": str(2 * STREAMS),
    }
    requests = [
        load.request_bytes("/v1/chat/completions", body=body, key=key)
        for body in load.prompts(STREAMS, stream=True)
    ]
    with (
        running(["-m", "tests.bench.upstream", str(upstream), str(INTERVAL)]),
        running(uvicorn("config.asgi:application", gateway, loop=LOOP, http=PROTOCOLS), env=env),
    ):
        wait_for_port(upstream)
        wait_for(gateway, "/readyz")
        return asyncio.run(_measure(gateway, requests))


def show(found: list[tuple[float, bool]]) -> None:
    times = [each for each, _ in found]
    print(
        f"\n/readyz beside {STREAMS} streams of {1 / INTERVAL:.0f} tokens a second: {len(found)} probes, "
        f"p50 {median(times):.0f} ms, p99 {quantiles(times, n=100)[98]:.0f} ms, longest {max(times):.0f} ms; "
        f"ready {sum(ready for _, ready in found)} times"
    )
