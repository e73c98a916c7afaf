"""CPU per call of the gateway and of Postgres, beside a stock Django view and a bare ASGI application."""

import asyncio
from dataclasses import dataclass
from statistics import median, quantiles

import psutil

from embedded.ports import free_port
from tests.bench import load
from tests.bench.processes import (
    cpu_seconds,
    postgres_processes,
    running,
    uvicorn,
    wait_for,
    wait_for_port,
)

CONCURRENCY = (1, 16, 64)


@dataclass
class Row:
    """One line of the table; milliseconds."""

    name: str
    concurrency: int
    cpu: float
    postgres: float
    p50: float
    p99: float
    per_second: float
    errors: int


def measure(
    *,
    name: str,
    port: int,
    process: psutil.Process,
    requests: list[bytes],
    concurrency: int,
    postmaster: int | None,
) -> Row:
    """Runs the requests and charges the CPU they took; a tenth of them first, uncounted, to warm up."""
    warm = len(requests) // 10
    asyncio.run(load.run(port=port, requests=requests[:warm], concurrency=concurrency))
    databases = postgres_processes(postmaster) if postmaster else []
    before, database_before = cpu_seconds([process]), cpu_seconds(databases)
    begun = asyncio.run(_timed(port, requests[warm:], concurrency))
    outcome, seconds = begun
    count = len(requests) - warm
    return Row(
        name=name,
        concurrency=concurrency,
        cpu=(cpu_seconds([process]) - before) / count * 1000,
        postgres=(cpu_seconds(databases) - database_before) / count * 1000,
        p50=median(outcome.seconds) * 1000,
        p99=quantiles(outcome.seconds, n=100)[98] * 1000,
        per_second=count / seconds,
        errors=outcome.errors,
    )


async def _timed(port: int, requests: list[bytes], concurrency: int) -> tuple[load.Outcome, float]:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    outcome = await load.run(port=port, requests=requests, concurrency=concurrency)
    return outcome, loop.time() - begun


def rows(*, key: str, postmaster: int, env: dict[str, str], count: int) -> list[Row]:
    """The whole table, interleaved so that a slow moment of the machine meets all alike."""
    upstream, gateway, stock, middleware, bare = (free_port() for _ in range(5))
    bodies = load.prompts(2 * count)
    chat = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies[:count]]
    fresh = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies[count:]]
    constant = [load.request_bytes("/constant", body=None)] * count
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    with (
        running(["-m", "tests.bench.upstream", str(upstream)]),
        running(uvicorn("config.asgi:application", gateway), env=env) as gateway_process,
        running(uvicorn("tests.bench.stock:stock", stock)) as stock_process,
        running(uvicorn("tests.bench.stock_middleware:stock", middleware)) as middleware_process,
        running(uvicorn("tests.bench.stock:bare", bare)) as bare_process,
    ):
        wait_for_port(upstream)
        for port, path in (
            (gateway, "/readyz"),
            (stock, "/constant"),
            (middleware, "/constant"),
            (bare, "/"),
        ):
            wait_for(port, path)
        found: list[Row] = []
        share = count // len(CONCURRENCY)
        new = {each: fresh[at * share :][:share] for at, each in enumerate(CONCURRENCY)}
        for concurrency in CONCURRENCY:
            plan = (
                ("Gatehouse, a governed call", gateway, gateway_process, chat, postmaster),
                (
                    "the same, its prompt never seen before",
                    gateway,
                    gateway_process,
                    new[concurrency],
                    postmaster,
                ),
                ("stock Django async view", stock, stock_process, constant, None),
                ("the same with Django's default middleware", middleware, middleware_process, constant, None),
                ("bare ASGI", bare, bare_process, constant, None),
            )
            for name, port, process, requests, database in plan:
                used = requests if concurrency > 1 else requests[: len(requests) // 3]
                found.append(
                    measure(
                        name=name,
                        port=port,
                        process=process,
                        requests=used,
                        concurrency=concurrency,
                        postmaster=database,
                    )
                )
        return found
