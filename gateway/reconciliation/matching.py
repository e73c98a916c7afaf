"""Finds the calls of logged invocations, and what each line comes to by the price at admission."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from gateway.catalogue.models import Deployment, Price
from gateway.catalogue.policy import PriceEntry, cost, price_at
from gateway.catalogue.selectors import price_entry
from gateway.events import Usage
from governance.records.selectors.calls import first_id_at
from governance.usage.policy.invocation_logs import Invocation

_MAX_CALL_DURATION = timedelta(hours=1)
"""AWS logs an invocation when it ends; the call's id is of when it began."""
_SELECT = """
SELECT call_id, upstream_request_id, price_id, cache_write_1h_tokens, images, region, invoke_id, tier, started_at,
       (SELECT coalesce(sum(amount_nanos), 0)::bigint FROM governance_ledgerentry e WHERE e.call_id = r.call_id),
       EXISTS (SELECT FROM governance_loggedinvocation l WHERE l.call_id = r.call_id),
       first ->> 'region', first ->> 'invoke_id', first ->> 'model', (first ->> 'price_id')::bigint
FROM governance_auditrecord r, LATERAL (SELECT r.checks -> 'violation' AS first) AS dropped WHERE NOT is_demo AND """
_BY_NAME = _SELECT + "call_id = ANY (%s)"
_BY_REQUEST = _SELECT + "call_id >= %s AND call_id < %s AND upstream_request_id = ANY (%s)"


@dataclass(frozen=True, slots=True)
class _Call:
    """What is on record of a call that a line may be of."""

    call_id: UUID
    request_id: str
    price_id: int | None
    cache_write_1h_tokens: int
    images: int
    region: str
    invoke_id: str
    tier: str
    started_at: datetime
    posted_nanos: int
    has_lines: bool
    first_region: str | None
    """Of an answer that was dropped, another model having been asked in its place."""
    first_invoke_id: str | None
    first_model: str | None
    first_price_id: int | None

    def price_of(self, line: Invocation) -> int | None:
        """The price of the deployment that a line is of."""
        if self.first_price_id is None or line.region != self.first_region:
            return self.price_id
        names = ((self.first_invoke_id or "").rpartition("/")[2], self.first_model or "")
        return self.first_price_id if line.model.endswith(names) else self.price_id


@dataclass(frozen=True, slots=True)
class Match:
    """A line's call and cost (nano-dollars; None: not known), and whether the ledger says so already."""

    call_id: UUID | None = None
    cost_nanos: int | None = None
    is_posted: bool = False


UNMATCHED = Match()


def match(lines: list[Invocation]) -> dict[str, Match]:
    """Those lines, by their request ids, whose calls are on record."""
    found = _calls(lines)
    prices = _Prices(call for _, call in found)
    number = Counter(call.call_id for _, call in found)
    matches: dict[str, Match] = {}
    for line, call in found:
        exact = _exact(line, call, prices)
        # Of a call with several lines, it is their sum that counts: that is looked at when it is posted.
        agrees = exact == call.posted_nanos and number[call.call_id] == 1 and not call.has_lines
        matches[line.request_id] = Match(call.call_id, exact, agrees)
    return matches


def _calls(lines: list[Invocation]) -> list[tuple[Invocation, _Call]]:
    named = list({line.named_call for line in lines if line.named_call is not None})
    calls = {call.call_id: call for call in _rows(_BY_NAME, [named])} if named else {}
    found = [(line, calls[line.named_call]) for line in lines if line.named_call in calls]
    # By what AWS called the request, where nothing names the call: there is no index on it, so among those of the time.
    rest = {line.request_id: line for line in lines if line.named_call is None}
    if rest:
        moments = [line.at for line in rest.values()]
        begin, end = min(moments) - _MAX_CALL_DURATION, max(moments) + timedelta(minutes=10)
        by_request = _rows(_BY_REQUEST, [first_id_at(begin), first_id_at(end), list(rest)])
        found += [(rest[call.request_id], call) for call in by_request]
    return found


def _rows(query: str, values: list[Any]) -> list[_Call]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [_Call(*row) for row in cursor.fetchall()]


class _Prices:
    """The prices that calls were admitted at."""

    def __init__(self, calls: Iterable[_Call]) -> None:
        found = list(calls)
        ids = {each for call in found for each in (call.price_id, call.first_price_id) if each}
        self._by_id = {price.pk: price_entry(price) for price in Price.objects.filter(pk__in=ids)}
        self._by_place: dict[tuple[str, str], tuple[PriceEntry, ...]] = {}
        if any(not call.price_id for call in found):
            deployments: Any = Deployment.objects.filter(provider_account=None).select_related("model")
            for deployment in deployments.prefetch_related("prices", "team_profiles"):
                ordered = sorted(deployment.prices.all(), key=lambda price: price.valid_from, reverse=True)
                entries = tuple(map(price_entry, ordered))
                for name in (deployment.invoke_id, *(each.arn for each in deployment.team_profiles.all())):
                    self._by_place[deployment.region, name] = entries

    def of(self, call: _Call, line: Invocation) -> PriceEntry | None:
        """That of the record; of one that expired, which names none, the one in force when it began."""
        if price_id := call.price_of(line):
            return self._by_id.get(price_id)
        return price_at(self._by_place.get((call.region, call.invoke_id), ()), call.started_at, call.tier)


def _exact(line: Invocation, call: _Call, prices: _Prices) -> int | None:
    """What the line comes to; None where AWS did not count, or the price is not known any more."""
    if line.error:
        return 0
    price = prices.of(call, line)
    if price is None or not line.is_counted:
        return None
    return cost(price, _usage(line, call), images=call.images)


def _usage(line: Invocation, call: _Call) -> Usage:
    """What AWS counted. How long a cache entry is kept is in no log, so that is as the answer said."""
    hour = min(call.cache_write_1h_tokens, line.cache_write_tokens)
    return Usage(
        input=line.input_tokens,
        output=line.output_tokens,
        cache_read=line.cache_read_tokens,
        cache_write=line.cache_write_tokens - hour,
        cache_write_1h=hour,
    )
