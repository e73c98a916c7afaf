"""Finds the calls of logged invocations, and what each line comes to by the price at admission."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection

from gateway.events import Usage
from gateway.models import Deployment, Price
from gateway.pricing import PriceEntry, cost, price_at
from gateway.snapshot.build import price_entry
from governance.models import AuditRecord
from governance.policy.invocation_logs import Invocation
from governance.selectors.calls import first_id_at

_LONGEST_CALL = timedelta(hours=1)
"""AWS logs an invocation when it ends; the call's id is of when it began."""
_COLUMNS = (
    "call_id", "upstream_request_id", "price_id", "cache_write_1h_tokens", "images", "region", "invoke_id", "tier",
    "started_at",
)  # fmt: skip
_NOTE = """
UPDATE governance_loggedinvocation line SET call_id = x.call_id, cost_nanos = x.cost_nanos
FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS x(request_id, call_id, cost_nanos)
WHERE line.request_id = x.request_id"""


def match(lines: list[Invocation]) -> int:
    """Notes beside each line its call and cost; how many have a call that is on record."""
    found = _calls(lines)
    if not found:
        return 0
    prices = _Prices(call for _, call in found)
    notes: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for line, call in found:
        for column, value in zip(
            notes, (line.request_id, call.call_id, _exact(line, call, prices)), strict=True
        ):
            column.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, notes)
    return len(found)


def _calls(lines: list[Invocation]) -> list[tuple[Invocation, AuditRecord]]:
    named = {line.named_call for line in lines if line.named_call is not None}
    calls = {
        call.call_id: call
        for call in AuditRecord.objects.filter(pk__in=named, is_demo=False).only(*_COLUMNS).order_by()
    }
    found = [(line, calls[line.named_call]) for line in lines if line.named_call in calls]
    # By what AWS called the request, where nothing names the call: there is no index on it, so among those of the time.
    rest = {line.request_id: line for line in lines if line.named_call is None}
    if rest:
        moments = [line.at for line in rest.values()]
        by_request = AuditRecord.objects.filter(
            pk__gte=first_id_at(min(moments) - _LONGEST_CALL),
            pk__lt=first_id_at(max(moments) + timedelta(minutes=10)),
            upstream_request_id__in=list(rest),
            is_demo=False,
        )
        found += [(rest[call.upstream_request_id], call) for call in by_request.only(*_COLUMNS).order_by()]
    return found


class _Prices:
    """The prices that calls were admitted at."""

    def __init__(self, calls: Iterable[AuditRecord]) -> None:
        self._by_id: dict[int, PriceEntry] = {}
        self._by_place: dict[tuple[str, str], tuple[PriceEntry, ...]] = {}
        found = list(calls)
        ids = {call.price_id for call in found if call.price_id}
        self._by_id = {price.pk: price_entry(price) for price in Price.objects.filter(pk__in=ids)}
        if any(not call.price_id for call in found):
            for deployment in Deployment.objects.select_related("model").prefetch_related("prices"):
                ordered = sorted(deployment.prices.all(), key=lambda price: price.valid_from, reverse=True)
                self._by_place[deployment.region, deployment.invoke_id] = tuple(map(price_entry, ordered))

    def of(self, call: AuditRecord) -> PriceEntry | None:
        """That of the record; of one that expired, which names none, the one in force when it began."""
        if call.price_id:
            return self._by_id.get(call.price_id)
        return price_at(self._by_place.get((call.region, call.invoke_id), ()), call.started_at, call.tier)


def _exact(line: Invocation, call: AuditRecord, prices: _Prices) -> int | None:
    """What the line comes to; None where AWS did not count, or the price is not known any more."""
    if line.error:
        return 0
    price = prices.of(call)
    if price is None or not line.is_counted:
        return None
    return cost(price, _usage(line, call), images=call.images)


def _usage(line: Invocation, call: AuditRecord) -> Usage:
    """What AWS counted. How long a cache entry is kept is in no log, so that is as the answer said."""
    hour = min(call.cache_write_1h_tokens, line.cache_write_tokens)
    return Usage(
        input=line.input_tokens,
        output=line.output_tokens,
        cache_read=line.cache_read_tokens,
        cache_write=line.cache_write_tokens - hour,
        cache_write_1h=hour,
    )
