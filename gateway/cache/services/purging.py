"""Ends answers: by team, prompt, route, end user, document and age, or one alone. All of it is on record."""

from datetime import datetime
from typing import cast

from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.db import transaction

from accounts.models import Team, User
from gateway.cache.models import CacheEntry, CachePurge
from gateway.cache.services.clearing import clear, ended_by
from governance.records.services.known_people import kept_for
from kernel.clock import perf_counter
from kernel.errors import InvalidError
from prompts.registry.models import Prompt

SECONDS = 5.0
"""For so long a purge deletes what it ended while somebody waits; the rest goes in the background."""
USES = ("document", "base", "context")
NO_TEAM = "Choose the team whose end user it is."


class PurgeError(InvalidError):
    """A purge can't be made as it was asked for."""


def purge(
    *,
    team: Team | None,
    prompt: Prompt | None = None,
    route: str = "",
    end_user: str = "",
    uses: str = "",
    older_than: datetime | None = None,
    by: User | None,
    reason: str,
) -> CachePurge:
    """Ends all answers that fit whatever is named; without a team those of all teams. They are given to nobody from now on.

    `end_user` is what clients send, or a placeholder; `uses` is “document:7”, or another of `USES`. Raises PurgeError.
    """
    made = planned(team=team, prompt=prompt, route=route, end_user=end_user, uses=uses, older_than=older_than)
    made.by, made.reason = by, reason[:300]
    with transaction.atomic():
        made.save()
        made.refresh_from_db()
        if by is not None:
            LogEntry.objects.log_actions(by.pk, [made], ADDITION, _said(made), single_object=True)
    begun = perf_counter()
    clear(made, may_go_on=lambda: perf_counter() - begun < SECONDS)
    return made


def planned(
    *,
    team: Team | None,
    prompt: Prompt | None = None,
    route: str = "",
    end_user: str = "",
    uses: str = "",
    older_than: datetime | None = None,
) -> CachePurge:
    """Such a purge as it would be written, and is not yet. Raises PurgeError."""
    route, end_user, uses = route.strip(), end_user.strip(), uses.strip()
    if end_user and team is None:
        raise PurgeError(NO_TEAM, fields={"team": [NO_TEAM]})
    if prompt is not None and team is None:
        team = prompt.team
    if uses:
        kind, _, number = uses.partition(":")
        uses = f"{kind}:{number.lstrip('0') or '0'}"
        if kind not in USES or not number.isdecimal() or not number.isascii():
            text = f"Write {', '.join(f'{each}:' for each in USES[:-1])} or {USES[-1]}: and a number, such as document:7."
            raise PurgeError(text, fields={"uses": [text]})
    kept = kept_for(cast(Team, team), end_user) if end_user else ""
    return CachePurge(team=team, prompt=prompt, route=route, end_user=kept, uses=uses, older_than=older_than)


def would_end(plan: CachePurge, *, at_most: int = 100_000) -> int:
    """How many entries a planned purge would end now; no more are counted than `at_most`."""
    plan.xact_id = 2**63 - 1
    return ended_by(plan)[:at_most].count()


def end_entry(entry: CacheEntry, *, by: User, reason: str = "") -> None:
    """Ends one answer alone, on the trail."""
    with transaction.atomic():
        # Before its pairs, as all who hold both.
        list(CacheEntry.objects.select_for_update(of=("self",)).filter(pk=entry.pk).values_list("pk"))
        text = f"Ended: {reason}" if reason else "Ended."
        LogEntry.objects.log_actions(by.pk, [entry], DELETION, text, single_object=True)
        entry.delete()


def erased(team: Team, by: User, reason: str) -> None:
    """What a team's raw text said can be read by nobody any more: neither can what answers said, masked."""
    purge(team=team, by=by, reason=f"Raw text was erased: {reason}")


def _said(made: CachePurge) -> str:
    parts = [
        f"team {made.team}" if made.team else "all teams",
        f"prompt {made.prompt}" if made.prompt else "",
        f"route {made.route}" if made.route else "",
        f"end user {made.end_user}" if made.end_user else "",
        made.uses,
        f"made before {made.older_than:%Y-%m-%d %H:%M} UTC" if made.older_than else "",
    ]
    return f"Purged: {', '.join(part for part in parts if part)}. {made.reason}".strip()
