"""The list of whom a team's tags stand for: added to, opened for those who may see it."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Team
from accounts.services.root_secret import root_secret
from governance.records.models import KnownPerson, TeamKey
from governance.records.policy import NONCE_BYTES, SealBrokenError, seal, unseal
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import KeyErasedError, live_key, open_key
from governance.ui.people import Wanted
from kernel.errors import DomainError
from kernel.ids import random_bytes
from kernel.placeholders import team_key
from kernel.stored_json import unkeepable
from kernel.tags import is_placeholder, kept_tag

PURPOSE = b"person"
MAX_LENGTH = 200
MAX_LINES = 1000


class PersonError(DomainError):
    """A line of the list can't be taken."""

    code = "invalid"


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag as clients send it, or as pages show it, and the person's name."""

    tag: str
    name: str


def entry_of(tag: str, name: str) -> Entry:
    """A line as it was typed. Without a name the person is called what clients send. Raises PersonError."""
    tag, name = tag.strip(), name.strip()
    if not tag:
        raise PersonError("Say what clients send, or paste a placeholder.")
    if not name and is_placeholder(tag):
        raise PersonError(f"Whom does {tag} stand for? A placeholder needs a name.")
    for text in (tag, name):
        if len(text) > MAX_LENGTH or not text.isprintable() or unkeepable(text):
            raise PersonError(f"At most {MAX_LENGTH} characters, all of them visible.")
    return Entry(tag, name or tag)


def entries_of(text: str) -> list[Entry]:
    """Lines of “tag, name”, or of a tag alone; separated by commas, semicolons or tabs. Raises PersonError, which names the line."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MAX_LINES:
        raise PersonError(f"These are {len(lines):,} lines; at most {MAX_LINES:,} at a time.")
    found = []
    for number, line in lines:
        separator = next((sign for sign in "\t;" if sign in line), ",")
        tag, *rest = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        try:
            found.append(entry_of(tag, " ".join(part.strip() for part in rest)))
        except PersonError as error:
            raise PersonError(f"Line {number}: {error}") from error
    return found


def kept_for(team: Team, tag: str) -> str:
    """What a tag becomes in the team's calls."""
    key = team_key(root_secret(), str(team.public_id))
    return kept_tag(tag, key, is_person=True)


def keep(team: Team, entries: Iterable[Entry]) -> list[KnownPerson]:
    """Adds people to a team's list, or gives those who are on it another name. Blocks. Raises KeyUnavailableError."""
    names = {kept_for(team, entry.tag): entry.name for entry in entries}
    live = live_key(team.pk)
    with transaction.atomic():
        Team.objects.select_for_update().get(
            pk=team.pk
        )  # one at a time: a name is sealed for the row it is in
        rows = {row.placeholder: row for row in KnownPerson.objects.filter(team=team, placeholder__in=names)}
        new = [KnownPerson(team=team, placeholder=each) for each in names if each not in rows]
        known = list(rows.values())
        for row in (*known, *new):
            row.key_id = live.id
            row.sealed = seal(
                names[row.placeholder].encode(), key=live.key, call_id=row.id, team_id=team.pk,
                nonce=random_bytes(NONCE_BYTES), purpose=PURPOSE,
            )  # fmt: skip
        KnownPerson.objects.bulk_create(new)
        KnownPerson.objects.bulk_update(known, ("key", "sealed"))
    return [*known, *new]


Opened = dict[int, bytes | None]
"""Keys that were opened for one page, by their ids; None: it can't be."""


def names_of_people(rows: Iterable[KnownPerson], opened: Opened | None = None) -> dict[Any, str | None]:
    """The name of each row, by its id; None where its key is gone or can't be had. Rows come with their keys and teams."""
    opened = {} if opened is None else opened
    return {row.pk: _name(row, opened) for row in rows}


def people_names(who: Any, wanted: Iterable[Wanted]) -> dict[Wanted, str]:
    """The names of those that somebody may see, of teams' tags; of any team's, where the team is None and the tag a placeholder."""
    asked = {(team, tag) for team, tag in wanted if tag and (team is not None or is_placeholder(tag))}
    if not asked:
        return {}
    rows = KnownPerson.objects.visible_to(who).filter(placeholder__in={tag for _, tag in asked})
    if None not in {team for team, _ in asked}:
        rows = rows.filter(team__in={team for team, _ in asked})
    found = list(rows.select_related("key__team"))
    names = names_of_people(found)
    known: dict[Wanted, str] = {}
    for row in found:
        if (name := names[row.pk]) is not None:
            known |= {
                each: name
                for each in ((row.team_id, row.placeholder), (None, row.placeholder))
                if each in asked
            }
    return known


def _name(row: KnownPerson, opened: Opened) -> str | None:
    if row.key_id not in opened:
        opened[row.key_id] = _opened(row.key)
    key = opened[row.key_id]
    if key is None:
        return None
    try:
        return unseal(
            bytes(row.sealed), key=key, call_id=row.pk, team_id=row.team_id, purpose=PURPOSE
        ).decode()
    except SealBrokenError:
        return None


def _opened(key: TeamKey) -> bytes | None:
    try:
        return open_key(key)
    except (KeyErasedError, KeyUnavailableError):
        return None
