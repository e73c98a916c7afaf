"""The page of prompt caches: which part of prompts was read from them, what that saved, and what keeps it from being more."""

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import BaseAdmin, SeenOnly, principal, without_store
from governance.limits.selectors.subjects import names_of
from governance.ui.savings import savings_of
from governance.usage.admin.overview import Card
from governance.usage.admin.usage_form import UsageForm
from governance.usage.models import VolatileBeginning
from governance.usage.policy.usage import Sums, UnanswerableError, UsageQuery
from governance.usage.selectors.prompt_caches import cached_by, volatile_beginnings
from governance.usage.selectors.usage import total
from kernel.clock import utc_now
from kernel.local_days import day_at
from kernel.money import format_usd
from kernel.replica import may_be_stale

SHOWN = 20
_TABLES = (("team", "By team"), ("route", "By model"), ("prompt", "By prompt"))
"""What figures are grouped by."""


@dataclass(frozen=True, slots=True)
class CacheLine:
    """One group of a table, in words."""

    name: str
    calls: int
    prompt_tokens: int
    share: str
    written: int
    saved: str


@admin.register(VolatileBeginning)
class PromptCacheAdmin(SeenOnly, BaseAdmin):
    """One page, no objects."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        form, zone, now = UsageForm(request), ZoneInfo(settings.TIME_ZONE), utc_now()
        context: dict[str, Any] = {"title": "Prompt caches", "form": form}
        try:
            asked = form.query(now=now, zone=zone)
        except UnanswerableError as error:
            return self._render(request, {**context, "problem": str(error)})
        filters = {name: value for name, value in asked.filters.items() if name == "team"}
        query = replace(asked, interval="none", group_by=(), filters=filters)
        sums = total(query, zone=zone)
        volatile = volatile_beginnings(
            principal(request), since=day_at(query.since, zone), team=filters.get("team"), at_most=SHOWN
        )
        return self._render(
            request,
            {
                **context,
                "cards": [*_cards(sums), *_others(request, query)],
                "tables": _tables(query, zone),
                "volatile": volatile,
                "has_calls": bool(sums.prompt_tokens),
            },
        )

    def _render(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return without_store(self.render_page(request, "governance/usage/prompt_caches", **context))


def _cards(sums: Sums) -> list[Card]:
    saved = sums.cache_saved_nanos
    note = (
        "less than without a cache"
        if saved >= 0
        else "more than without a cache: more is written than read again"
    )
    return [
        Card("Cached share", _share(sums), "of the tokens of prompts were read from a cache"),
        Card("Saved" if saved >= 0 else "Lost", format_usd(abs(saved)), note),
        Card("Read", f"{sums.cache_read_tokens:,}", "tokens, at about a tenth of the price of input"),
        Card(
            "Written",
            f"{sums.cache_write_tokens:,}",
            "tokens, at a quarter more than input, or twice for an hour",
        ),
    ]


def _others(request: HttpRequest, query: UsageQuery) -> list[Card]:
    """What saves money besides."""
    found = savings_of(
        principal(request), since=query.since, until=query.until, team=query.filters.get("team")
    )
    return [Card(each.title, format_usd(each.nanos), each.note, each.url) for each in found]


def _tables(query: UsageQuery, zone: ZoneInfo) -> list[dict[str, Any]]:
    found = []
    for group, title in _TABLES:
        rows = cached_by(query, group, zone=zone, at_most=SHOWN)
        names = names_of(group, [key for key, _ in rows])
        lines = [_line(names[key], sums) for key, sums in rows]
        found.append({"title": title, "lines": lines})
    return found


def _line(name: str, sums: Sums) -> CacheLine:
    return CacheLine(
        name=name,
        calls=sums.calls,
        prompt_tokens=sums.prompt_tokens,
        share=_share(sums),
        written=sums.cache_write_tokens,
        saved=format_usd(sums.cache_saved_nanos),
    )


def _share(sums: Sums) -> str:
    return f"{100 * sums.cached_share:.1f} %"
