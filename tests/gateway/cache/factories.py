"""What gateways write: entries, pairs, evidence and uses."""

from datetime import timedelta
from typing import Any

from accounts.models import Team
from gateway.cache.entries import encode
from gateway.cache.models import CacheEntry, CachePair, CachePurge, CacheUse
from gateway.catalogue.models import CacheRule
from gateway.events import Event, TextDelta
from kernel.clock import utc_now
from kernel.ids import random_bytes
from kernel.transaction_id import current_transaction


def make_cache_rule(team: Team | None, **fields: Any) -> CacheRule:
    """One of all a team's calls, with what is usual."""
    return CacheRule.objects.create(team=team, **{"name": f"Cache of {team or 'all'}", **fields})


def make_entry(
    team: Team, answer: str = "Within five days.", events: list[Event] | None = None, **fields: Any
) -> CacheEntry:
    """The answer to a question, for a day."""
    now = utc_now()
    values: dict[str, Any] = {
        "kind": "exact", "digest": random_bytes(16), "route": "nova-lite", "has_values": False,
        "question": "When do I get my money back?", "answer": encode(events or [TextDelta(0, answer)]),
        "cost_nanos": 1_500_000, "expires_at": now + timedelta(days=1), "ends_at": now + timedelta(days=1),
        "seen_xact": current_transaction(),
    }  # fmt: skip
    return CacheEntry.objects.create(team=team, **{**values, **fields})


def make_pair(team: Team, **fields: Any) -> CachePair:
    """Two questions whose answers could not be told apart by themselves."""
    values: dict[str, Any] = {
        "route": "nova-lite", "source": "check", "asked": "When is my money returned?", "known": "When do I get my money back?",
        "served": "Within five days.", "said": f"It takes five days, says {team.name}.", "similarity": 0.95, "outcome": "unsure",
    }  # fmt: skip
    return CachePair.objects.create(team=team, **{**values, **fields})


def make_purge(team: Team | None, **fields: Any) -> CachePurge:
    """One that a person made."""
    return CachePurge.objects.create(team=team, **{"reason": "It was wrong.", "ended": 0, **fields})


def make_use(team: Team, outcome: str = "exact", **fields: Any) -> CacheUse:
    """A hundred calls of today."""
    saved = 10**9 if outcome not in ("miss", "bypass", "shadow") else 0
    values: dict[str, Any] = {
        "day": utc_now().date(),
        "route": "nova-lite",
        "number": 100,
        "saved_nanos": saved,
    }
    return CacheUse.objects.create(team=team, outcome=outcome, **{**values, **fields})
