"""What an answer from the cache takes beside a governed call, and what a look in vain adds to one."""

import psycopg

from embedded.ports import free_port
from tests.bench import load
from tests.bench.calls import Row, measure
from tests.bench.limits import new_team
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.services import Stack

CONCURRENCY = (1, 16, 64)
_KEPT = 200
"""Different requests whose answers are there."""


def _rule(stack: Stack, team: str) -> None:
    with psycopg.connect(stack.postgres, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO gateway_cacherule (name, team_id, semantic, created_at) SELECT name, id, 'off', now() FROM accounts_team WHERE name = %s",
            (team,),
        )


def rows(stack: Stack, *, postmaster: int, env: dict[str, str], count: int) -> list[Row]:
    """The table, interleaved so that a slow moment of the machine meets all alike."""
    upstream, gateway = free_port(), free_port()
    plain = new_team(stack, "Bench plain", budgets=3, rate_limits=4)
    cached = new_team(stack, "Bench cached", budgets=3, rate_limits=4)
    _rule(stack, "Bench cached")
    bodies = load.prompts(_KEPT + count)
    fresh = iter(bodies[_KEPT:])
    kept = (bodies[:_KEPT] * (count // _KEPT + 1))[:count]
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}

    def requests(texts: list[bytes], key: str, slot: bool = False) -> list[bytes]:
        made = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in texts]
        if not slot:
            return made
        head = b"x-gatehouse-cache-key: one\r\n"
        return [each.replace(b"host: bench\r\n", b"host: bench\r\n" + head, 1) for each in made]

    with (
        running(["-m", "tests.bench.upstream", str(upstream)]),
        running(uvicorn("config.asgi:application", gateway), env=env) as process,
    ):
        wait_for_port(upstream)
        wait_for(gateway, "/readyz")
        found: list[Row] = []
        for concurrency in CONCURRENCY:
            number = count // 3 if concurrency == 1 else count
            share = number // 10
            plan = (
                ("a governed call", requests(kept[:number], plain)),
                ("the same answer again", requests(kept[:number], cached)),
                ("an answer from a slot", requests(kept[:number], cached, slot=True)),
                ("a governed call, new prompt", requests([next(fresh) for _ in range(share)], plain)),
                ("a look in vain, new prompt", requests([next(fresh) for _ in range(share)], cached)),
            )
            for name, several in plan:
                found.append(
                    measure(
                        name=name, port=gateway, process=process, requests=several, concurrency=concurrency, postmaster=postmaster
                    )
                )  # fmt: skip
        return found


def show(rows: list[Row]) -> None:
    calls = {row.concurrency: row for row in rows if row.name == "a governed call"}
    print(
        "\n| what | concurrency | CPU ms / call | of a governed call | Postgres CPU ms | p50 ms | of a governed call | p99 ms | errors |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        call = calls[row.concurrency]
        print(
            f"| {row.name} | {row.concurrency} | {row.cpu:.3f} | {row.cpu / call.cpu:.2f} | {row.postgres:.3f} | {row.p50:.2f} "
            f"| {row.p50 / call.p50:.2f} | {row.p99:.1f} | {row.errors} |"
        )
