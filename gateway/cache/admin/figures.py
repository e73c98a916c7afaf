"""The page of the cache's figures: how often it had the answer, what that saved, and how right similar questions were."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from accounts.admin.base import BaseAdmin, SeenOnly, principal, without_store
from gateway.cache.models import CacheUse, Kind
from gateway.cache.policy.bound import STUDY
from gateway.cache.policy.standing import percent
from gateway.cache.selectors.evidence import RouteEvidence, evidence
from gateway.cache.selectors.savings import CacheSums, days_of, savings
from gateway.cache.selectors.stock import Stock, stock
from governance.limits.selectors.subjects import names_of
from governance.ui.savings import Saving
from governance.usage.admin.chart import Chart, chart_of
from governance.usage.admin.overview import Card
from governance.usage.admin.usage_form import UsageForm
from governance.usage.policy.usage import Sums, UnanswerableError, UsageQuery
from governance.usage.selectors.prompt_caches import cached_by
from governance.usage.selectors.usage import total as usage_total
from kernel.clock import utc_now
from kernel.money import format_usd
from kernel.replica import may_be_stale

SHOWN = 20
_MANY = 1000
_TABLES = (("team", "By team"), ("route", "By route"), ("prompt", "By prompt"))
_WIDTH = 100.0


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One group of a table, in words."""

    name: str
    lookups: int
    rate: str
    exact: int
    semantic: int
    slot: int
    saved: str
    prompt_cache: str
    """What the provider's own prompt cache saved."""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """How a route stands, and its interval drawn: lengths are per cent of the drawing, whose right end is `reach`."""

    found: RouteEvidence
    share: str
    left: float
    width: float
    bound: float | None
    is_within: bool


@admin.register(CacheUse)
class CacheFiguresAdmin(SeenOnly, BaseAdmin):
    """One page, no objects."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        form, zone, now = UsageForm(request), ZoneInfo(settings.TIME_ZONE), utc_now()
        context: dict[str, Any] = {"title": "Cache", "form": form}
        try:
            asked = form.query(now=now, zone=zone)
        except UnanswerableError as error:
            return self._render(request, {**context, "problem": str(error)})
        return self._render(request, {**context, **_found(principal(request), asked, zone)})

    def _render(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return without_store(self.render_page(request, "gateway/cache/figures", **context))


def _found(who: Any, asked: UsageQuery, zone: ZoneInfo) -> dict[str, Any]:
    named = asked.filters.get("team")
    team = int(named) if named is not None else None
    query = replace(asked, interval="none", group_by=(), filters={} if team is None else {"team": team})
    since, until = days_of(query.since, query.until)
    sums = savings(who, since=since, until=until, team=team).get((), CacheSums())
    kept, beside = stock(who, team=team), usage_total(query, zone=zone)
    return {
        "cards": _cards(sums, kept, beside),
        "kinds": _kinds(sums),
        "chart": _chart(who, since, until, team),
        "tables": [{"title": title, "lines": _lines(who, group, query, zone)} for group, title in _TABLES],
        "evidence": [_drawn(each) for each in evidence(who, team=team)],
        "study": STUDY,
        "stock": [(each, filesizeformat(each.bytes)) for each in kept[:SHOWN]],
        "has_uses": bool(sums.lookups or sums.hits or sums.bypasses),
        "bypasses": sums.bypasses,
        "shadows": sums.shadows,
    }


def _cards(sums: CacheSums, kept: list[Stock], beside: Sums) -> list[Card]:
    number, size = sum(each.number for each in kept), sum(each.bytes for each in kept)
    return [
        Card("Hit rate", percent(sums.hit_rate), f"{sums.answered:,} of {sums.lookups:,} calls looked up"),
        Card("Saved", format_usd(sums.saved), "what these calls would have cost"),
        Card(
            "Prompt caches", format_usd(beside.cache_saved_nanos), "saved by the providers' own",
            reverse("admin:governance_volatilebeginning_changelist"),
        ),
        Card("Kept", f"{number:,}", f"answers, about {filesizeformat(size)}", reverse("admin:gateway_cacheentry_changelist")),
    ]  # fmt: skip


def _kinds(sums: CacheSums) -> list[dict[str, Any]]:
    return [
        {
            "name": kind.label,
            "hits": sums.hits[kind],
            "share": percent(sums.hits[kind] / sums.lookups)
            if sums.lookups and kind != Kind.RETRIEVAL
            else "-",
            "saved": format_usd(sums.saved_nanos.get(kind, 0)),
        }
        for kind in Kind
        if sums.hits.get(kind)
    ]


def _chart(who: Any, since: date, until: date, team: int | None) -> Chart | None:
    by_day = savings(who, since=since, until=until, group_by=("day",), team=team)
    saved = [
        (str(kind.label), {key[0]: sums.saved_nanos.get(kind, 0) for key, sums in by_day.items()})
        for kind in Kind
    ]
    shown = [(name, nanos) for name, nanos in saved if any(nanos.values())]
    days = [since + timedelta(days=number) for number in range((until - since).days)]
    return chart_of(days, shown) if shown else None


def _lines(who: Any, group: str, query: UsageQuery, zone: ZoneInfo) -> list[FigureLine]:
    """Those that were looked up most, beside what the providers' own caches saved them."""
    since, until = days_of(query.since, query.until)
    found = savings(who, since=since, until=until, group_by=(group,), team=query.filters.get("team"))
    rows = sorted(found.items(), key=lambda row: (row[1].saved, row[1].lookups), reverse=True)[:SHOWN]
    beside = dict(cached_by(query, group, zone=zone, at_most=_MANY)) if rows else {}
    names = names_of(group, [key for (key,), _ in rows])
    return [
        _line(str(names.get(key, key)) or "No prompt", sums, beside.get(key, Sums())) for (key,), sums in rows
    ]


def _line(name: str, sums: CacheSums, beside: Sums) -> FigureLine:
    return FigureLine(
        name=name,
        lookups=sums.lookups,
        rate=percent(sums.hit_rate) if sums.lookups else "-",
        exact=sums.hits.get(Kind.EXACT, 0),
        semantic=sums.hits.get(Kind.SEMANTIC, 0),
        slot=sums.hits.get(Kind.SLOT, 0),
        saved=format_usd(sums.saved),
        prompt_cache=format_usd(beside.cache_saved_nanos),
    )


def _drawn(found: RouteEvidence) -> EvidenceLine:
    stands = found.standing
    reach = max(stands.high, 2 * (stands.bound or 0.0), 0.001) * 1.05
    return EvidenceLine(
        found=found,
        share=percent(found.wrong / found.judged) if found.judged else "-",
        left=round(_WIDTH * stands.low / reach, 2),
        width=round(max(0.8, _WIDTH * (stands.high - stands.low) / reach), 2),
        bound=None if stands.bound is None else round(_WIDTH * stands.bound / reach, 2),
        is_within=stands.bound is not None and stands.high <= stands.bound,
    )


def saved_by_cache(who: Any, since: datetime, until: datetime, team: int | None) -> list[Saving]:
    """For the pages of usage; nothing where the cache was not looked into."""
    first, end = days_of(since, until)
    sums = savings(who, since=first, until=end, team=team).get((), CacheSums())
    if not sums.lookups and not sums.hits:
        return []
    note = f"{sums.answered:,} answers given again, {percent(sums.hit_rate)} of those looked up"
    return [Saving("Saved by the cache", sums.saved, note, reverse("admin:gateway_cacheuse_changelist"))]
