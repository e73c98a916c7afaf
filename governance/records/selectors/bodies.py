"""Reading bodies, in whichever database they are, and finding calls by their words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL

from accounts.access.principals import team_ids
from accounts.models import User
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord, ContentIndex
from governance.records.policy import plain_text
from kernel.errors import UnavailableError

BODIES = "bodies"
MAX_FOUND = 10_000
"""A search looks at so many calls that have the words."""

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
    except (OperationalError, InterfaceError) as error:
        if alias == DEFAULT_DB_ALIAS:
            raise
        raise BodiesUnreachableError from error


def with_words(
    calls: QuerySet[AuditRecord],
    text: str,
    *,
    user: User,
    before: UUID | None = None,
    after: UUID | None = None,
) -> QuerySet[AuditRecord]:
    """Those calls whose redacted request or answer has these words, of teams whose content the person may read.

    Websearch syntax: "a phrase", or, -without. Looked at are the newest MAX_FOUND that have the words, from `before`
    on where a page begins there, or, where a page ends at `after`, the oldest from there. Raises
    BodiesUnreachableError.
    """
    ids: list[UUID] = []
    for alias in body_databases():
        with reaching(alias):
            # A query of its own: within the other, Postgres walks through calls until it has a page, which takes long
            # for words that few have.
            ids += _nearest(_found(alias, text, user), before, after)
    return calls.filter(pk__in=RawSQL("SELECT unnest(%s::uuid[])", [ids]))


def _nearest(
    found: QuerySet[ContentIndex], before: UUID | None, after: UUID | None
) -> QuerySet[ContentIndex, UUID]:
    if after is not None:
        found = found.filter(pk__gt=after)
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-pk" if after is None else "pk").values_list("pk", flat=True)[:MAX_FOUND]


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
