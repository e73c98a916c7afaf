"""What becomes of calls while Bedrock throttles them, has quotas, or is out, with four gateway processes."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

from embedded.ports import free_port
from tests.bench.limits import insert
from tests.bench.processes import running, uvicorn, wait_for
from tests.services import Stack, temporary_folder

PROCESSES = 4
FIRST, SECOND = "us-east-1", "us-west-2"
ROUTE = "resilient"
TEAMS = ("Bench one", "Bench two", "Bench three")
_BODY = {
    "model": ROUTE,
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Hello. [simulate: tokens=20]"}],
}
BUDGET_NANOS = 1_000_000


@dataclass
class Phase:
    """What the calls of one phase met: (when begun, when ended, status, team), in seconds from its begin."""

    name: str
    calls: list[tuple[float, float, int, str]] = field(default_factory=list)
    upstream: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    retry_after: list[int] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    """Calls without an answer, by what httpx says."""

    @property
    def answered(self) -> int:
        return sum(status == 200 for _, _, status, _ in self.calls)

    def seconds(self, share: float, *, status: Callable[[int], bool]) -> float:
        """A quantile of how long calls took whose status is so."""
        took = sorted(end - begun for begun, end, found, _ in self.calls if status(found))
        return took[min(len(took) - 1, int(len(took) * share))] if took else 0.0


class Bench:
    """Four processes, the simulator, and callers."""

    def __init__(
        self,
        urls: list[str],
        keys: dict[str, str],
        simulator: str,
        client: httpx.AsyncClient,
        last: psutil.Process,
    ) -> None:
        self.urls, self.keys, self.simulator, self.client, self.last = urls, keys, simulator, client, last
        self._number = 0
        self._random = random.Random(27)

    async def faults(self, region: str, **settings: Any) -> None:
        (
            await self.client.put(f"{self.simulator}/_simulator/regions/{region}", json=settings)
        ).raise_for_status()

    async def well(self) -> None:
        """Puts all faults back, and lets every breaker close."""
        await self.client.delete(f"{self.simulator}/_simulator/regions")
        for _ in range(60):
            await asyncio.gather(*(self._call(Phase(""), 0.0, TEAMS[0]) for _ in range(40)))
            if not await self._open():
                return
            await asyncio.sleep(1)

    @asynccontextmanager
    async def phase(self, name: str) -> AsyncIterator[Phase]:
        """Counts what the simulator gets meanwhile."""
        await self.client.delete(f"{self.simulator}/_simulator/requests")
        found = Phase(name)
        yield found
        await self.count(found)

    async def count(self, found: Phase) -> None:
        seen = (await self.client.get(f"{self.simulator}/_simulator/requests")).json()
        found.upstream = Counter(
            {region: sum(counts.values()) for region, counts in seen["by_region"].items()}
        )
        found.refused = Counter({region: sum(counts.values()) for region, counts in seen["errors"].items()})

    async def load(self, found: Phase, *, per_second: dict[str, float], seconds: float) -> None:
        """Calls of each team at an even rate, whatever becomes of them."""
        begun = time.perf_counter()
        tasks = []
        for team, rate in per_second.items():
            tasks.append(asyncio.create_task(self._team(found, begun, team, rate, seconds)))
        await asyncio.gather(*tasks)

    async def _team(self, found: Phase, begun: float, team: str, rate: float, seconds: float) -> None:
        calls = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            calls.append(asyncio.create_task(self._call(found, begun, team)))
        await asyncio.gather(*calls)

    async def _call(self, found: Phase, begun: float, team: str) -> None:
        url = self._random.choice(
            self.urls
        )  # in turns, teams that call in turns would have processes of their own
        start = time.perf_counter()
        try:
            answer = await self.client.post(
                f"{url}/v1/chat/completions",
                json=_BODY,
                headers={"authorization": f"Bearer {self.keys[team]}"},
            )
            status = answer.status_code
            if "retry-after" in answer.headers:
                found.retry_after.append(int(answer.headers["retry-after"]))
        except httpx.HTTPError as error:
            status = 0
            found.broken[type(error).__name__] += 1
        found.calls.append((start - begun, time.perf_counter() - begun, status, team))

    async def _open(self) -> bool:
        """Whether any process still keeps a deployment out."""
        text = (await self.client.get(f"{self.urls[0]}/metrics")).text
        return any(
            line.startswith("gatehouse_deployment_open{") and not line.endswith(" 0.0")
            for line in text.splitlines()
        )


def measure(only: str = "") -> None:
    """All phases, or those whose name begins so; each prints its figures."""
    simulator, ports = free_port(), [free_port() for _ in range(PROCESSES)]
    with ExitStack() as ending:
        stack = ending.enter_context(Stack(temporary_folder()))
        stack.manage("load_catalog")
        keys = {team: _key(stack, team) for team in TEAMS}
        _route(stack)
        url = f"http://127.0.0.1:{simulator}"
        env = {**stack.environment(), "BEDROCK_ENDPOINT_URL": url}
        ending.enter_context(
            running(
                ["-m", "embedded.simulator", "--port", str(simulator), "--lenient"],
                env={"GATEHOUSE_SIMULATOR_LENIENT": "1"},
            )
        )
        wait_for(simulator, "/healthz")
        processes = [
            ending.enter_context(running(uvicorn("config.asgi:application", port), env=env)) for port in ports
        ]
        for port in ports:
            wait_for(port, "/readyz", seconds=90)
        asyncio.run(
            _measure([f"http://127.0.0.1:{port}" for port in ports], keys, url, stack, processes[-1], only)
        )


async def _measure(
    urls: list[str], keys: dict[str, str], simulator: str, stack: Stack, last: psutil.Process, only: str
) -> None:
    limits = httpx.Limits(max_connections=4000, max_keepalive_connections=400)
    async with httpx.AsyncClient(timeout=320, limits=limits) as client:
        bench = Bench(urls, keys, simulator, client, last)
        for phase in (_half_throttled, _mixed, _all_throttled, _all_out, _dead, _quota, _affinity, _killed):
            if phase.__name__.lstrip("_").startswith(only):
                await bench.well()
                await phase(bench, stack)


async def _half_throttled(bench: Bench, stack: Stack) -> None:
    for region in (FIRST, SECOND):
        await bench.faults(region, throttle_rate=0.5)
    async with bench.phase("both regions throttled at 50 %") as found:
        await bench.load(found, per_second=dict.fromkeys(TEAMS, 13.0), seconds=60)
    answered = found.answered
    print(
        f"\n{found.name}: {answered} of {len(found.calls)} calls answered ({answered / len(found.calls):.1%}), "
        f"{sum(found.upstream.values()) / answered:.2f} upstream calls an answer, p50 {found.seconds(0.5, status=_ok):.2f} s, "
        f"p99 {found.seconds(0.99, status=_ok):.2f} s; others {_statuses(found)}"
    )


async def _mixed(bench: Bench, stack: Stack) -> None:
    await bench.faults(FIRST, outage=True)
    await bench.faults(SECOND, throttle_rate=0.5)
    async with bench.phase("one region out, the other throttled at 50 %") as found:
        await bench.load(found, per_second=dict.fromkeys(TEAMS, 7.0), seconds=30)
    print(
        f"\n{found.name}: {found.answered} of {len(found.calls)} calls answered ({found.answered / len(found.calls):.1%}), "
        f"{sum(found.upstream.values()) / found.answered:.2f} upstream calls an answer, p99 {found.seconds(0.99, status=_ok):.2f} s; "
        f"others {_statuses(found)}"
    )


async def _killed(bench: Bench, stack: Stack) -> None:
    """kill -9 of a gateway amid retries, under a budget that runs out; the last phase, since its process is gone."""
    insert(stack, "governance_budget", TEAMS[0], {
        "end_user": "", "feature": "", "model": "", "per": "", "period": "total", "time_zone": "UTC", "is_hard": True, "name": "",
        "limit_nanos": BUDGET_NANOS, "alert_thresholds": [100], "alert_on_forecast": False,
    })  # fmt: skip
    await asyncio.sleep(20)
    for region in (FIRST, SECOND):
        await bench.faults(region, throttle_rate=0.5, time_to_first_token_ms=300)
    async with bench.phase("a gateway killed amid retries, under a budget that runs out") as found:

        async def kill() -> None:
            await asyncio.sleep(8)
            bench.urls = bench.urls[:-1]
            bench.last.kill()

        await asyncio.gather(kill(), bench.load(found, per_second=dict.fromkeys(TEAMS, 10.0), seconds=25))
    with stack.connect() as connection:
        ((spent, held),) = connection.execute(
            "SELECT coalesce(max(w.spent_nanos), 0), coalesce(max(w.reserved_nanos), 0) FROM governance_budgetwindow w JOIN "
            "governance_budget b ON b.id = w.budget_id JOIN accounts_team t ON t.id = b.team_id WHERE t.name = %s",
            [TEAMS[0]],
        ).fetchall()
    verdict = "BROKEN" if "BROKEN" in stack.manage("verify_ledger") else "sound"
    print(
        f"\n{found.name}: {found.answered} answered, others {_statuses(found)}; spent ${spent / 1e9:.6f} and held ${held / 1e9:.6f} of "
        f"${BUDGET_NANOS / 1e9:.6f}, overspent ${max(0, spent + held - BUDGET_NANOS) / 1e9:.6f}; the ledger is {verdict}"
    )


async def _all_throttled(bench: Bench, stack: Stack) -> None:
    for region in (FIRST, SECOND):
        await bench.faults(region, throttle_rate=1.0)
    await bench.load(Phase(""), per_second=dict.fromkeys(TEAMS, 7.0), seconds=10)
    async with bench.phase("both regions throttle everything, once that is known") as found:
        await bench.load(found, per_second=dict.fromkeys(TEAMS, 7.0), seconds=40)
    _show_refusals(found)


async def _all_out(bench: Bench, stack: Stack) -> None:
    for region in (FIRST, SECOND):
        await bench.faults(region, outage=True)
    await bench.load(Phase(""), per_second=dict.fromkeys(TEAMS, 7.0), seconds=5)
    async with bench.phase("both regions out, once that is known") as found:
        await bench.load(found, per_second=dict.fromkeys(TEAMS, 7.0), seconds=40)
    _show_refusals(found)


def _show_refusals(found: Phase) -> None:
    print(
        f"\n{found.name}: {sum(found.upstream.values()) / len(found.calls):.3f} upstream calls a call, {_statuses(found)}, the slowest "
        f"after {found.seconds(1.0, status=_any):.1f} s, Retry-After in {len(found.retry_after)} of {len(found.calls)}: "
        f"{min(found.retry_after, default=0)} to {max(found.retry_after, default=0)} s"
    )


async def _dead(bench: Bench, stack: Stack) -> None:
    async with bench.phase("a region out for a minute, 50 calls a second") as found:

        async def die() -> None:
            await asyncio.sleep(10)
            await bench.faults(FIRST, outage=True)
            await asyncio.sleep(60)
            await bench.count(found)
            found.name += f": {found.refused[FIRST]} calls met it"
            await bench.client.delete(f"{bench.simulator}/_simulator/regions")
            await bench.client.delete(f"{bench.simulator}/_simulator/requests")

        async def watch() -> float:
            await asyncio.sleep(70)
            for second in range(60):
                before = Phase("")
                await bench.count(before)
                await asyncio.sleep(1)
                after = Phase("")
                await bench.count(after)
                there = after.upstream[FIRST] - before.upstream[FIRST]
                if there > 0.8 * (sum(after.upstream.values()) - sum(before.upstream.values())) > 0:
                    return second + 1.0
            return float("inf")

        back, *_ = await asyncio.gather(
            watch(), die(), bench.load(found, per_second={TEAMS[0]: 50.0}, seconds=110)
        )
    failed = len(found.calls) - found.answered
    print(
        f"\n{found.name}; {failed} of {len(found.calls)} calls failed ({failed / len(found.calls):.2%}), p99 "
        f"{found.seconds(0.99, status=_ok):.2f} s; its share was back after {back:.0f} s"
    )


async def _quota(bench: Bench, stack: Stack) -> None:
    """Two regions of 600 requests a minute, known to the gateway; three teams of equal weight want 2, 1 and 1 times the half."""
    quota, asked_minutes = 240, 3
    with stack.connect() as connection:
        connection.execute(
            "UPDATE gateway_deployment SET requests_per_minute = %s WHERE id IN (SELECT deployment_id FROM gateway_routetarget t "
            "JOIN gateway_route r ON r.id = t.route_id WHERE r.name = %s)",
            [quota, ROUTE],
        )
    await asyncio.sleep(20)
    for region in (FIRST, SECOND):
        await bench.faults(region, requests_per_minute=quota)
    rate = 2 * 2 * quota / 60
    wanted = dict(zip(TEAMS, (rate / 2, rate / 4, rate / 4), strict=True))
    async with bench.phase("twice the quota of both regions") as found:
        await bench.load(found, per_second=wanted, seconds=60 * asked_minutes)
    minutes = max(end for _, end, _, _ in found.calls) / 60  # a busy machine takes longer to send them
    answered, upstream = found.answered, sum(found.upstream.values())
    limit = 2 * quota * minutes
    by_team = Counter(team for _, _, status, team in found.calls if status == 200)
    fair = answered / len(TEAMS)
    print(
        f"\n{found.name}: {answered} answered of a quota of {limit:.0f} ({answered / limit:.1%}), "
        f"{sum(found.refused.values())} of {upstream} upstream calls wasted ({sum(found.refused.values()) / upstream:.2%}), "
        f"p50 {found.seconds(0.5, status=_ok):.1f} s, p99 {found.seconds(0.99, status=_ok):.1f} s; by team "
        f"{ {team: f'{number / fair - 1:+.1%}' for team, number in by_team.items()} }; others {_statuses(found)}"
    )


async def _affinity(bench: Bench, stack: Stack) -> None:
    """Agents' conversations over four regions: five applications, eight conversations each, marked as Claude Code marks them."""
    print("\nagents' conversations over four deployments")
    for strategy in ("weighted", "spread"):
        name = f"agents-{strategy}"
        _agents_route(stack, name, strategy)
        await asyncio.sleep(20)
        await bench.client.delete(f"{bench.simulator}/_simulator/requests")
        used: Counter[str] = Counter()
        await asyncio.gather(
            *(_agent(bench, name, app, number, used) for app in range(5) for number in range(8))
        )
        prompt = used["input"] + used["read"] + used["written"]
        print(
            f"  {strategy:9} {used['calls']} calls, {prompt:,} tokens of prompts: {used['read'] / prompt:.1%} read from the cache, "
            f"{used['written'] / prompt:.1%} written, ${used['nanos'] / 1e9:.3f}; {used['failed']} failed"
        )


async def _agent(bench: Bench, route: str, app: int, number: int, used: Counter[str]) -> None:
    """One conversation of twelve turns."""
    cached = {"cache_control": {"type": "ephemeral"}}
    system = [
        {
            "type": "text",
            "text": f"You are agent {app}. " + "Follow the house rules of the repository. " * 900,
            **cached,
        }
    ]
    history: list[dict[str, Any]] = []
    for turn in range(12):
        text = (
            f"[simulate: tokens=120] Step {turn} of task {number} of {app}. "
            + "The tool said: all is well here. " * 60
        )
        history.append({"role": "user", "content": [{"type": "text", "text": text}]})
        asked = [place for place, each in enumerate(history) if each["role"] == "user"][-2:]
        marked = [
            {**each, "content": [each["content"][0] | cached]} if place in asked else each
            for place, each in enumerate(history)
        ]
        bench._number += 1
        answer = await bench.client.post(
            f"{bench.urls[bench._number % len(bench.urls)]}/v1/messages",
            headers={
                "x-api-key": bench.keys[TEAMS[0]],
                "X-Claude-Code-Session-Id": f"{route}-{app}-{number}",
            },
            json={"model": route, "max_tokens": 200, "system": system, "messages": marked},
        )
        if answer.status_code != 200:
            used["failed"] += 1
            return
        body = answer.json()
        used["calls"] += 1
        used["input"] += body["usage"]["input_tokens"]
        used["read"] += body["usage"]["cache_read_input_tokens"]
        used["written"] += body["usage"]["cache_creation_input_tokens"]
        used["nanos"] += round(float(answer.headers["x-gatehouse-cost-usd"]) * 1e9)
        history.append({"role": "assistant", "content": body["content"]})


def _agents_route(stack: Stack, name: str, strategy: str) -> None:
    """Claude Haiku in two regions of the United States and two of Europe."""
    with stack.connect() as connection:
        connection.execute(
            "INSERT INTO gateway_route (name, aliases, description, strategy, timeout_seconds, wait_seconds, is_enabled, created_at) "
            "VALUES (%s, '{}', '', %s, 60, 0, true, now())",
            [name, strategy],
        )
        connection.execute(
            "INSERT INTO gateway_routetarget (route_id, deployment_id, position, weight) SELECT r.id, d.id, 0, 1 FROM gateway_route r, "
            "gateway_deployment d JOIN gateway_model m ON m.id = d.model_id WHERE r.name = %s AND m.model_id LIKE "
            "'anthropic.claude-haiku-4-5%%' AND (d.profile, d.region) IN (('us', 'us-east-1'), ('us', 'us-west-2'), "
            "('eu', 'eu-central-1'), ('eu', 'eu-west-1'))",
            [name],
        )


def _ok(status: int) -> bool:
    return status == 200


def _any(status: int) -> bool:
    return True


def _statuses(found: Phase) -> dict[Any, int]:
    return dict(Counter(status for _, _, status, _ in found.calls if status != 200)) | dict(found.broken)


def _key(stack: Stack, team: str) -> str:
    made = stack.manage("create_api_key", "--team", team, "--application", "Bench", "--json")
    return str(json.loads(made)["key"])


def _route(stack: Stack) -> None:
    """Of one model in two regions, in order."""
    with stack.connect() as connection:
        (route,) = connection.execute(
            "INSERT INTO gateway_route (name, aliases, description, strategy, timeout_seconds, wait_seconds, is_enabled, created_at) "
            "VALUES (%s, '{}', '', 'ordered', 60, 0, true, now()) RETURNING id",
            [ROUTE],
        ).fetchone() or (0,)
        connection.execute(
            "INSERT INTO gateway_routetarget (route_id, deployment_id, position, weight) SELECT %s, d.id, "
            "CASE region WHEN %s THEN 0 ELSE 1 END, 1 FROM gateway_deployment d JOIN gateway_model m ON m.id = d.model_id "
            "WHERE m.model_id = 'amazon.nova-lite-v1:0' AND d.profile = 'us' AND d.region IN (%s, %s)",
            [route, FIRST, FIRST, SECOND],
        )


if __name__ == "__main__":
    import sys

    measure(*sys.argv[1:])
