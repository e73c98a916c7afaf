"""A document whose indexing is interrupted is neither left as being read, nor failed for what passes by itself."""

from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from prompts.knowledge.models import KnowledgeDocument
from prompts.knowledge.services import indexing
from prompts.knowledge.services.knowledge import Incoming, put_document
from tests.accounts.factories import make_team
from tests.prompts.knowledge.factories import make_base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def document() -> KnowledgeDocument:
    incoming = Incoming(name="leave.md", content=b"# Leave\n\nThirty days.")
    return put_document(make_base(make_team("Support")), incoming)[0]


def failing(error: Exception) -> Any:
    def fail(*_: Any) -> bool:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OperationalError("the connection is lost"), "queued"),
        (psycopg.errors.ReadOnlySqlTransaction(), "queued"),
        (psycopg.errors.DiskFull(), "queued"),
        (KeyError("a bug"), "failed"),
        (psycopg.errors.DataException("a zero in a text"), "failed"),
    ],
    ids=lambda value: getattr(type(value), "__name__", value),
)
def test_its_state_says_what_became_of_it(document, monkeypatch, error, state):
    if isinstance(error, OperationalError):
        error.__cause__ = psycopg.OperationalError()
    monkeypatch.setattr(indexing, "_embed", failing(error))
    indexing.index_some(seconds=0.1)
    document.refresh_from_db()
    assert (document.state, bool(document.error)) == (state, state == "failed")


def test_what_could_not_be_let_go_of_is_let_go_of_later(document, monkeypatch):
    away = OperationalError("the connection is lost")
    away.__cause__ = psycopg.OperationalError()
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "_embed", failing(away))
        patched.setattr(indexing._Claim, "leave", failing(away))
        indexing.index_some(seconds=0.1)
    document.refresh_from_db()
    assert document.state == "indexing"
    indexing.index_some(seconds=0.0)
    document.refresh_from_db()
    assert document.state == "queued"
