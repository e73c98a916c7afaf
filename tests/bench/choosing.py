"""What choosing among eight deployments costs: candidates, the decision, taking one, its first event, its end."""

import asyncio
import time
from random import Random
from typing import Any

import msgspec

from gateway.call import Call
from gateway.call.groups import Request
from gateway.catalogue.capability import Capability
from gateway.catalogue.policy import PriceEntry, Rates
from gateway.catalogue.routing_rules import SHIPPED
from gateway.catalogue.rules import actions_of
from gateway.conversation import Conversation
from gateway.routing.attempts import Attempts
from gateway.routing.candidates import routed
from gateway.routing.decision import decide, sentence_of
from gateway.routing.fleet.breaker import Limits
from gateway.routing.fleet.fleet import Fleet
from gateway.snapshot.state import DeploymentEntry, RouteEntry, Snapshot, TeamEntry
from governance.limits.services.rate_limiter import RateLimiter
from kernel.clock import utc_now

NUMBER, CALLS = 8, 20_000
_MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
_URL = "redis://127.0.0.1:1"  # nothing is asked of it


def measure() -> dict[str, float]:
    """Milliseconds of CPU a call, by strategy."""
    return asyncio.run(_measure())


def show(found: dict[str, float]) -> None:
    print(
        f"\nchoosing among {NUMBER} deployments, CPU a call: "
        + ", ".join(f"{name} {ms:.4f} ms" for name, ms in found.items())
    )


async def _measure() -> dict[str, float]:
    fleet = Fleet(_URL, instance_id="bench", limits=Limits(), on_change=lambda *_: None)
    limiter = RateLimiter(_URL, members=lambda: (0, 1))
    found = {}
    for strategy in ("ordered", "weighted", "spread", "score"):
        route = _route(strategy)
        found[strategy] = await _each(route, fleet, limiter)
    await fleet.stop()
    await limiter.stop()
    return found


async def _each(route: RouteEntry, fleet: Fleet, limiter: RateLimiter) -> float:
    random, calls = Random(1), [_call(route) for _ in range(CALLS)]
    begun = time.process_time()
    for call in calls:
        call.routed = routed(call, route, random, _SNAPSHOT, fleet)
        decide(call)
        attempts = Attempts(call, fleet, limiter, random=random, patience=10.0)
        call.reply.deployment = await attempts.next()
        attempts.answered()
        attempts.ended()
        sentence_of(call)
    return 1000 * (time.process_time() - begun) / CALLS


def _call(route: RouteEntry) -> Call:
    request = Request(wire_format="openai", is_stream=False, model=route.name, key_text=None, client_ip=None)
    said: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "Hello. " * 1000}]}]}
    call = Call(request=request, conversation=msgspec.convert(said, Conversation))
    call.key = _KEY
    return call


class _Key:
    team = TeamEntry(
        id=1, name="Bench", weight=1, response_days=0, placeholder_key=b"k", inference_profiles={}
    )
    budgets = rate_limits = ()
    application_id = id = 1


_KEY: Any = _Key()


_SNAPSHOT = Snapshot(
    routing_rules=SHIPPED, qualities={(f"{_MODEL}{number}", ""): number / 10 for number in range(NUMBER)}
)


def _route(strategy: str) -> RouteEntry:
    """Of one model, but where a score tells models apart."""
    long_ago = utc_now().replace(year=2020, day=1)
    deployments = tuple(
        DeploymentEntry(
            id=number, model_id=f"{_MODEL}{number // 2}" if strategy == "score" else _MODEL, name="Claude Haiku 4.5", kind="text", vendor="Anthropic", region=f"us-east-{number}",
            invoke_id=_MODEL, capability=Capability(model_id=_MODEL, context_window=200_000), actions=actions_of(), weight=1,
            prices=(PriceEntry(valid_from=long_ago, valid_until=None, rates=Rates(input=1 + number // 2, output=1)),),
        )
        for number in range(1, NUMBER + 1)
    )  # fmt: skip
    return RouteEntry(
        name=strategy, strategy=strategy, default_max_tokens=None, max_tokens_limit=None, expected_output_tokens=4096,
        timeout_seconds=300, wait_seconds=0, created_at=utc_now(), deployments=deployments,
    )  # fmt: skip
