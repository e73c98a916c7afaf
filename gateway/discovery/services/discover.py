"""Keeps what was found in a region: when it was first and last seen, and when a whole list lacked it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from gateway.discovery.models import Discovered, DiscoveredList, FoundKind
from gateway.discovery.policy import DATES, Found, Listed, changes

_BATCH = 500


@dataclass(slots=True)
class Noted:
    """What a reading of a region brought. What is there at its first reading is not new: nobody has looked before."""

    number: int = 0
    new: list[Discovered] = field(default_factory=list)
    changed: list[tuple[Discovered, tuple[str, ...]]] = field(default_factory=list)
    """Foundation models, with what has changed of them, in words."""
    withdrawn: dict[str, dict[str, date]] = field(default_factory=dict)
    """Of each foundation model: the dates of its life that were given before, and are no more."""
    gone: list[Discovered] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Of each list that could not be read whole: its name, and why."""


def known_account() -> str:
    """The account that was told last, for when AWS does not tell it."""
    latest = DiscoveredList.objects.exclude(account="").order_by("-tried_at").first()
    return "" if latest is None else latest.account


def note_region(*, account: str, region: str, lists: Iterable[Listed], now: datetime) -> Noted:
    """Notes each list by itself: what stood against one loses none of the others."""
    noted = Noted()
    _take_over(account, region)
    for listed in lists:
        _note_list(noted, listed, account=account, region=region, now=now)
    return noted


def _take_over(account: str, region: str) -> None:
    """What was noted while AWS would not say whose it is, is of the account that it names now."""
    if not account:
        return
    is_known = DiscoveredList.objects.filter(account=account, region=region).exists()
    for rows in (Discovered.objects, DiscoveredList.objects):
        unnamed = rows.filter(account="", region=region)
        unnamed.delete() if is_known else unnamed.update(account=account)


def _leave_others(listed: Listed, *, account: str, region: str, now: datetime) -> None:
    """What another account had is out of reach of the credentials that there are now."""
    others = Discovered.objects.filter(region=region, kind__in=listed.kinds, gone_at=None)
    others.exclude(account=account).update(gone_at=now)


@transaction.atomic
def _note_list(noted: Noted, listed: Listed, *, account: str, region: str, now: datetime) -> None:
    place: dict[str, Any] = {"account": account, "region": region}
    before = DiscoveredList.objects.filter(**place, operation=listed.operation).first()
    said: dict[str, Any] = {"tried_at": now, "problem": listed.problem}
    if not listed.problem:
        said["read_at"] = now
    DiscoveredList.objects.update_or_create(**place, operation=listed.operation, defaults=said)
    DiscoveredList.objects.filter(region=region, operation=listed.operation).exclude(account=account).delete()
    if listed.problem:
        noted.problems.append(f"{listed.operation}: {listed.problem}")
        return
    _leave_others(listed, account=account, region=region, now=now)
    is_first = before is None or before.read_at is None
    known = {
        (row.kind, row.identifier): row
        for row in Discovered.objects.select_for_update().filter(**place, kind__in=listed.kinds)
    }
    found = {(each.kind, each.identifier): each for each in listed.found}
    noted.number += len(found)
    made = [_row(each, place, now) for key, each in found.items() if key not in known]
    Discovered.objects.bulk_create(made, batch_size=_BATCH)
    if not is_first:
        noted.new += made
    for key, row in known.items():
        if key in found:
            _see(noted, row, found[key], now)
        elif row.gone_at is None:
            row.gone_at = now
            noted.gone.append(row)
    columns = ["name", "state", "facts", "last_seen_at", "gone_at"]
    Discovered.objects.bulk_update(known.values(), columns, batch_size=_BATCH)


def _row(found: Found, place: dict[str, Any], now: datetime) -> Discovered:
    return Discovered(
        **place, kind=found.kind, identifier=found.identifier, name=found.name[:200], state=found.state, facts=dict(found.facts),
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip


def _see(noted: Noted, row: Discovered, found: Found, now: datetime) -> None:
    if row.kind == FoundKind.FOUNDATION and row.gone_at is None:
        words = changes(row.facts, found.facts)
        if words:
            noted.changed.append((row, words))
        gone = {name: day for name in DATES if (day := row.facts.get(name)) and not found.facts.get(name)}
        if gone:
            noted.withdrawn[row.identifier] = {name: date.fromisoformat(day) for name, day in gone.items()}
    row.name, row.state, row.facts = found.name[:200], found.state, dict(found.facts)
    row.last_seen_at, row.gone_at = now, None
