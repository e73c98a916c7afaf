"""A standby takes its primary's place under two hundred calls a second: which calls fail, and for how long."""

import asyncio
import json
import time
from dataclasses import dataclass, field

import httpx

from embedded.ports import free_port
from tests.bench import load
from tests.bench.processes import running, uvicorn, wait_for, wait_for_port
from tests.services import Stack, temporary_folder
from tests.standby import Standby, both, standby

PER_SECOND, BEFORE, AFTER = 200, 5.0, 15.0


@dataclass
class Found:
    """Of each call: when it was begun, and its status (0: no answer), seconds since the primary was killed."""

    calls: list[tuple[float, int]] = field(default_factory=list)
    promoted_after: float = 0.0


def measure() -> Found:
    """On a pair of its own, synchronously replicated."""
    folder, upstream, gateway = temporary_folder(), free_port(), free_port()
    with Stack(folder, durable=True) as stack, standby(stack, folder / "standby") as other:
        stack.manage("load_catalog")
        made = json.loads(
            stack.manage("create_api_key", "--team", "Bench", "--application", "Bench", "--json")
        )
        url = both(stack.postgres, other.url)
        env = {
            **stack.environment(),
            "DATABASE_URL": url, "DATABASE_DIRECT_URL": url, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}",
        }  # fmt: skip
        with (
            running(["-m", "tests.bench.upstream", str(upstream)]),
            running(uvicorn("config.asgi:application", gateway), env=env),
        ):
            wait_for_port(upstream)
            wait_for(gateway, "/readyz")
            return asyncio.run(_measure(f"http://127.0.0.1:{gateway}", str(made["key"]), stack, other))


async def _measure(url: str, key: str, stack: Stack, other: Standby) -> Found:
    found, tasks = Found(), []
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
            stack.services.child("postgres").kill()
            await asyncio.to_thread(other.promote)
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
        f"\na promoted standby under {PER_SECOND} calls a second: {len(found.calls)} calls, {len(failed)} failed {statuses}; promoted "
        f"{found.promoted_after:.1f} s after its primary was killed, the last call that was refused was begun {last:.1f} s after that"
    )
