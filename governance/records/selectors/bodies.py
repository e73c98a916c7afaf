"""Reading bodies, in whichever database they are, and finding calls by their words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.models import Model, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from accounts.access.principals import team_ids
from accounts.models import User
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord, ContentIndex
from governance.records.policy import plain_text
from kernel.errors import UnavailableError
from kernel.faults import is_away
from kernel.ids import first_id_after

BODIES = "bodies"
MAX_FOUND = 10_000
"""A search looks at so many calls that have the words."""
_SPANS = timedelta(days=31), timedelta(days=124)

Row = TypeVar("Row", bound=Model)


class BodiesUnreachableError(UnavailableError):
    """The database of bodies does not answer. What is in it is not lost."""

    code = "content_unavailable"
    default = "The database of bodies does not answer: what was said can't be read or searched. Try again in a moment."


def body_databases() -> tuple[str, ...]:
    """Where bodies may be: the database of their own first, if there is one, then the first database."""
    return (BODIES, DEFAULT_DB_ALIAS) if BODIES in connections.databases else (DEFAULT_DB_ALIAS,)


def stored(model: type[Row], call_id: UUID) -> Row | None:
    """A call's row in a table of bodies, in whichever database. Raises BodiesUnreachableError."""
    for alias in body_databases():
        with reaching(alias):
            row = model._default_manager.using(alias).filter(pk=call_id).first()
            if row is not None:
                return row
    return None


@contextmanager
def reaching(alias: str) -> Iterator[None]:
    """Tells the database of bodies that is away (BodiesUnreachableError) from the first one, without which nothing goes."""
    try:
        yield
    except Error as error:
        if alias == DEFAULT_DB_ALIAS or not is_away(error):
            raise
        raise BodiesUnreachableError from error


def with_words(
    calls: QuerySet[AuditRecord],
    text: str,
    *,
    user: User,
    before: UUID | None = None,
    after: UUID | None = None,
    since: UUID | None = None,
) -> QuerySet[AuditRecord]:
    """Those calls whose redacted request or answer has these words, of teams whose content the person may read.

    Websearch syntax: "a phrase", or, -without. Looked at are the newest MAX_FOUND that have the words, from `before`
    on where a page begins there, or, where a page ends at `after`, the oldest from there; none before `since`. Raises
    BodiesUnreachableError.
    """
    ids: list[str] = []
    for alias in body_databases():
        with reaching(alias):
            # A query of its own: within the other, Postgres walks through calls until it has a page, which takes long
            # for words that few have.
            found = _found(alias, text, user)
            ids += _nearest(found if since is None else found.filter(pk__gte=since), before, after)
    return calls.filter(pk__in=RawSQL("SELECT unnest(%s::uuid[])", ["{" + ",".join(ids) + "}"]))


def _nearest(found: QuerySet[ContentIndex], before: UUID | None, after: UUID | None) -> list[str]:
    """Months near by first: where a word is common, they have enough, and the others are not looked into.

    Ids are texts, as Postgres says and reads them: ten thousand UUIDs made in Python and unmade again are half of a search.
    """
    if after is not None:
        found = found.filter(pk__gt=after)
    if before is not None:
        found = found.filter(pk__lt=before)
    ids: list[str] = []
    start = after or before or _newest(found.db)
    for part in _parts(found, start, ascending=after is not None) if start else ():
        ids += part.values_list(Cast("pk", TextField()), flat=True)[: MAX_FOUND - len(ids)]
        if len(ids) >= MAX_FOUND:
            break
    return ids


def _newest(alias: str) -> UUID | None:
    return ContentIndex.objects.using(alias).order_by("-pk").values_list("pk", flat=True).first()


def _parts(
    found: QuerySet[ContentIndex], start: UUID, *, ascending: bool
) -> Iterator[QuerySet[ContentIndex]]:
    """A month, then three, then the rest, from there on, or back."""
    ordered = found.order_by("pk" if ascending else "-pk")
    bounds = [first_id_after(start, span if ascending else -span) for span in _SPANS]
    near, far = ("lt", "gte") if ascending else ("gte", "lt")
    yield ordered.filter(**{f"pk__{near}": bounds[0]})
    yield ordered.filter(**{f"pk__{far}": bounds[0], f"pk__{near}": bounds[1]})
    yield ordered.filter(**{f"pk__{far}": bounds[1]})


def _found(alias: str, text: str, user: User) -> QuerySet[ContentIndex]:
    query: Any = None
    # As written, in any language; and, outside quotation marks, English words in any form.
    for config in ("simple",) if '"' in text else ("simple", "english"):
        asked = SearchQuery(plain_text(text), search_type="websearch", config=config)
        query = asked if query is None else query | asked
    found = ContentIndex.objects.using(alias).filter(words=query)
    teams = team_ids(user, Capability.VIEW_CONTENT)
    # As numbers: the teams may be in another database.
    return found if teams is None else found.filter(team_id__in=teams)
