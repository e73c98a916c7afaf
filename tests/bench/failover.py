"""A standby takes its primary's place under two hundred calls a second, of Postgres or of Valkey: which calls fail, and for
how long."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from embedded.ports import free_port
from tests.bench import load
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.sentinel import watched
from tests.services import Stack, temporary_folder
from tests.standby import pair

PER_SECOND, BEFORE, AFTER = 200, 5.0, 15.0


@dataclass
class Found:
    """Of each call: when it was begun, and its status (0: no answer), seconds since the primary was killed."""

    what: str
    calls: list[tuple[float, int]] = field(default_factory=list)
    promoted_after: float = 0.0


def measure() -> list[Found]:
    """On pairs of their own: Postgres' is synchronous, Valkey's is watched by Sentinels."""
    folder, upstream, gateway = temporary_folder(), free_port(), free_port()
    with (
        Stack(folder, durable=True) as stack,
        pair(stack, folder / "standby") as postgres,
        watched(stack, folder / "replica") as valkey,
    ):
        stack.manage("load_catalog")
        made = json.loads(
            stack.manage("create_api_key", "--team", "Bench", "--application", "Bench", "--json")
        )
        env = {
            **stack.environment(),
            "DATABASE_URL": postgres.url, "DATABASE_DIRECT_URL": postgres.url, "REDIS_URL": valkey.address, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}",
        }  # fmt: skip
        with (
            running(["-m", "tests.bench.upstream", str(upstream)]),
            running(uvicorn("config.asgi:application", gateway), env=env),
        ):
            wait_for_port(upstream)
            wait_for(gateway, "/readyz")
            where = f"http://127.0.0.1:{gateway}", str(made["key"])
            return [
                asyncio.run(_measure(*where, "standby of Postgres", postgres.fail_over)),
                asyncio.run(_measure(*where, "replica of Valkey", valkey.fail_over)),
            ]


async def _measure(url: str, key: str, what: str, promote: Callable[[], None]) -> Found:
    found, tasks = Found(what), []
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=2000)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = json.dumps({**json.loads(load.prompts(1)[0]), "model": "claude-haiku-4-5"})
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits) as client:
        killed = time.perf_counter() + BEFORE

        async def call() -> None:
            begun = time.perf_counter() - killed
            try:
                status = (await client.post("/v1/chat/completions", content=body)).status_code
            except httpx.HTTPError:
                status = 0
            found.calls.append((begun, status))

        async def fail_over() -> None:
            await asyncio.sleep(max(0.0, killed - time.perf_counter()))
            await asyncio.to_thread(promote)
            found.promoted_after = time.perf_counter() - killed

        failing = asyncio.create_task(fail_over())
        for number in range(int(PER_SECOND * (BEFORE + AFTER))):
            await asyncio.sleep(max(0.0, killed - BEFORE + number / PER_SECOND - time.perf_counter()))
            tasks.append(asyncio.create_task(call()))
        await asyncio.gather(failing, *tasks)
    return found


def show(found: Found) -> None:
    failed = [(begun, status) for begun, status in found.calls if status != 200]
    statuses = {status: sum(each == status for _, each in failed) for _, status in failed}
    of_outage = [begun for begun, status in failed if status]
    last = max(of_outage, default=0.0)
    print(
        f"\na promoted {found.what} under {PER_SECOND} calls a second: {len(found.calls)} calls, {len(failed)} failed {statuses}; promoted "
        f"{found.promoted_after:.1f} s after its primary was killed, the last call that was refused was begun {last:.1f} s after that"
    )
