"""What budgets and rate limits cost: the same calls under none, one and ten budgets, and under rate limits."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import limits
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from embedded.ports import free_port
from governance.limits.policy.rate_limits import Counter, RateRequest
from governance.limits.services.rate_limiter import RateLimiter
from tests.bench import calls, load
from tests.bench.processes import cpu_seconds, running, uvicorn, wait_for, wait_for_port
from tests.services import Stack

CONCURRENCY = (1, 16, 64, 256)
_MUCH = 10**15
_NOTHING = {"end_user": "", "feature": "", "model": "", "per": ""}
BUDGETS: tuple[dict[str, object], ...] = (
    {},
    {"period": "day"},
    {"period": "week"},
    {"period": "quarter"},
    {"period": "year"},
    {"period": "total"},
    {"model": "bench"},
    {"model": "bench", "period": "day"},
    {"per": "application"},
    {"per": "api_key"},
)
"""Ten that every call of the team falls under."""
RATE_LIMITS: tuple[dict[str, object], ...] = (
    {"metric": "requests", "period": "minute"},
    {"metric": "tokens", "period": "minute"},
    {"metric": "requests", "period": "day", "per": "api_key"},
    {"metric": "concurrent", "period": ""},
)


def new_team(stack: Stack, name: str, *, budgets: int, rate_limits: int) -> str:
    """A key of a team under so many budgets and rate limits, all too large to be met."""
    made = stack.manage("create_api_key", "--team", name, "--application", "Bench", "--json")
    for columns in BUDGETS[:budgets]:
        row = {
            **_NOTHING,
            "period": "month",
            "time_zone": "UTC",
            "is_hard": True,
            "name": "",
            "limit_nanos": _MUCH,
            "alert_thresholds": [50, 80, 100],
            "alert_on_forecast": True,
        }
        insert(stack, "governance_budget", name, row | columns)
    for columns in RATE_LIMITS[:rate_limits]:
        insert(stack, "governance_ratelimit", name, _NOTHING | {"limit": 10**11} | columns)
    return str(json.loads(made)["key"])


def insert(stack: Stack, table: str, team: str, row: dict[str, object]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(["%s"] * len(row))
    with stack.connect() as connection:
        connection.execute(
            f"INSERT INTO {table} ({names}, team_id, created_at) "  # type: ignore[arg-type]
            f"VALUES ({marks}, (SELECT id FROM accounts_team WHERE name = %s), now())",
            [*row.values(), team],
        )


def rows(stack: Stack, *, postmaster: int, env: dict[str, str], count: int) -> list[calls.Row]:
    """The table, interleaved so that a slow moment of the machine meets all alike."""
    plan = (
        ("no budget", 0, 0),
        ("one budget", 1, 0),
        ("ten budgets", 10, 0),
        ("ten budgets, four rate limits", 10, 4),
    )
    keys = {name: new_team(stack, f"Bench {name}", budgets=b, rate_limits=r) for name, b, r in plan}
    upstream, gateway = free_port(), free_port()
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    bodies = load.prompts(count)
    found = []
    with (
        running(["-m", "tests.bench.upstream", str(upstream)]),
        running(uvicorn("config.asgi:application", gateway), env=env) as process,
    ):
        wait_for_port(upstream)
        wait_for(gateway, "/readyz")
        for concurrency in CONCURRENCY:
            for name, key in keys.items():
                requests = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies]
                found.append(
                    calls.measure(
                        name=name,
                        port=gateway,
                        process=process,
                        requests=requests if concurrency > 1 else requests[: count // 3],
                        concurrency=concurrency,
                        postmaster=postmaster,
                    )
                )
    return found


@dataclass
class Limiting:
    """What deciding on one call under four limits costs the caller's process, in CPU milliseconds."""

    name: str
    concurrency: int
    cpu: float
    per_second: float


def limiting(url: str, *, count: int) -> list[Limiting]:
    """Gatehouse's limiter beside the library `limits`, whose asynchronous sliding windows take one trip a limit."""
    return asyncio.run(_limiting(url, count))


async def _limiting(url: str, count: int) -> list[Limiting]:
    import psutil

    limiter = RateLimiter(url, members=lambda: (0, 1), prefix="bench:")
    counters = tuple(
        Counter(f"c{n}", period, 10**9) for n, period in enumerate((60_000, 60_000, 3_600_000, 86_400_000))
    )
    strategy = SlidingWindowCounterRateLimiter(RedisStorage(f"async+{url}", implementation="redispy"))
    items = [limits.RateLimitItemPerMinute(10**9, n) for n in (1, 2)]
    items += [limits.RateLimitItemPerHour(10**9), limits.RateLimitItemPerDay(10**9)]

    async def ours(number: int) -> None:
        await limiter.admit(RateRequest(str(number), tuple((counter, 1) for counter in counters)))

    async def theirs(number: int) -> None:
        for item in items:
            await strategy.hit(item, "bench")

    process, found = psutil.Process(), []
    for concurrency in (1, 16, 64):
        for name, decide in (("Gatehouse", ours), ("limits", theirs)):
            before, begun = cpu_seconds([process]), time.perf_counter()
            await _spread(decide, count, concurrency)
            seconds = time.perf_counter() - begun
            found.append(
                Limiting(name, concurrency, (cpu_seconds([process]) - before) / count * 1000, count / seconds)
            )
    await limiter.stop()
    return found


async def _spread(decide: Callable[[int], Awaitable[None]], count: int, concurrency: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await decide(number)

    await asyncio.gather(*(work() for _ in range(concurrency)))
