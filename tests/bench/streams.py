"""Many open streams in one process: threads, database connections, memory, and the time the gateway adds to the first byte."""

import asyncio
from dataclasses import dataclass
from statistics import median, quantiles

import psutil
import psycopg

from embedded.ports import free_port
from tests.bench import load
from tests.bench.processes import cpu_seconds, running, uvicorn, wait_for, wait_for_port
from tests.bench.upstream import TOKENS

STREAMS = 1000
INTERVAL = 0.5
"""Seconds between the tokens of a stream. A thousand streams at the pace of a real model need more than one process."""


@dataclass
class Streams:
    """What was seen while all streams were open."""

    streams: int
    errors: int
    threads: int
    connections: int
    memory_kb: float
    direct_p99_ms: float
    added_p50_ms: float
    added_p99_ms: float
    cpu_ms_per_token: float


async def _open_all(port: int, requests: list[bytes], *, spread: float) -> load.Outcome:
    """Opens the streams one after the other over `spread` seconds, so that each meets a gateway that is not stampeded."""
    outcome = load.Outcome()

    async def one(number: int, request: bytes) -> None:
        await asyncio.sleep(spread * number / len(requests))
        found = await load.run(port=port, requests=[request], concurrency=1)
        outcome.first_byte += found.first_byte
        outcome.errors += found.errors

    await asyncio.gather(*(one(number, request) for number, request in enumerate(requests)))
    return outcome


def measure(*, key: str, database_url: str, env: dict[str, str]) -> Streams:
    """Opens a thousand streams straight to the upstream, then as many through the gateway."""
    upstream, gateway = free_port(), free_port()
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    bodies = load.prompts(STREAMS, stream=True)
    chat = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies]
    straight = [load.request_bytes("/model/x/converse-stream", body=b"{}")] * STREAMS
    with (
        running(["-m", "tests.bench.upstream", str(upstream), str(INTERVAL)]),
        running(uvicorn("config.asgi:application", gateway), env=env) as process,
    ):
        wait_for_port(upstream)
        wait_for(gateway, "/readyz")
        asyncio.run(load.run(port=gateway, requests=chat[:20], concurrency=20))
        direct = asyncio.run(_open_all(upstream, straight, spread=5))
        before, cpu = process.memory_info().rss, cpu_seconds([process])
        watched = asyncio.run(_watched(gateway, chat, process, database_url))
        outcome, threads, connections, memory = watched
        spent = cpu_seconds([process]) - cpu
    added = [mine - median(direct.first_byte) for mine in outcome.first_byte]
    return Streams(
        streams=len(outcome.first_byte),
        errors=outcome.errors,
        threads=threads,
        connections=connections,
        memory_kb=(memory - before) / STREAMS / 1024,
        direct_p99_ms=quantiles(direct.first_byte, n=100)[98] * 1000,
        added_p50_ms=median(added) * 1000,
        added_p99_ms=quantiles(added, n=100)[98] * 1000,
        cpu_ms_per_token=spent / (STREAMS * TOKENS) * 1000,
    )


async def _watched(
    port: int, requests: list[bytes], process: psutil.Process, database_url: str
) -> tuple[load.Outcome, int, int, int]:
    task = asyncio.create_task(_open_all(port, requests, spread=5))
    await asyncio.sleep(10)  # all are open between the fifth second and the twentieth
    threads, memory = process.num_threads(), process.memory_info().rss
    connections = await asyncio.to_thread(_connections, database_url)
    return await task, threads, connections, memory


def _connections(database_url: str) -> int:
    """Connections to the database but this one."""
    with psycopg.connect(database_url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])
