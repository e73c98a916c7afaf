"""Calls through PgBouncer in transaction mode beside calls on the direct address: what fails, CPU and latency."""

import asyncio
from pathlib import Path
from statistics import median

from embedded.ports import free_port
from tests.bench import load
from tests.bench.calls import Row, measure
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.pgbouncer import pgbouncer

ROUNDS, CONCURRENCY = 5, 16


def rows(*, key: str, env: dict[str, str], postmaster: int, folder: Path, count: int) -> list[Row]:
    """Two gateways, asked in turns: one through PgBouncer with four server connections, one without it."""
    upstream, direct, pooled = free_port(), free_port(), free_port()
    bodies = load.prompts(count // ROUNDS)
    requests = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies]
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    found: list[Row] = []
    with (
        pgbouncer(env["DATABASE_URL"], folder) as pooler,
        running(["-m", "tests.bench.upstream", str(upstream)]),
        running(uvicorn("config.asgi:application", direct), env=env) as one,
        running(
            uvicorn("config.asgi:application", pooled),
            env={**env, "DATABASE_URL": pooler.url, "DATABASE_DIRECT_URL": env["DATABASE_URL"]},
        ) as other,
    ):
        wait_for_port(upstream)
        for port in (direct, pooled):
            wait_for(port, "/readyz")
            asyncio.run(load.run(port=port, requests=requests[:200], concurrency=CONCURRENCY))
        for _ in range(ROUNDS):
            for name, port, process in (("direct", direct, one), ("through PgBouncer", pooled, other)):
                found.append(
                    measure(
                        name=name, port=port, process=process, requests=requests, concurrency=CONCURRENCY,
                        postmaster=postmaster,
                    )
                )  # fmt: skip
    return found


def show(found: list[Row], calls: int) -> None:
    print(
        "\n| way | calls | failed | CPU ms / call | Postgres' | p50 ms | p99 ms | calls / s |\n|---|---|---|---|---|---|---|---|"
    )
    for name in dict.fromkeys(row.name for row in found):
        several = [row for row in found if row.name == name]
        figures = " | ".join(
            f"{median(getattr(row, each) for row in several):.2f}"
            for each in ("cpu", "postgres", "p50", "p99", "per_second")
        )
        print(f"| {name} | {calls} | {sum(row.errors for row in several)} | {figures} |")
