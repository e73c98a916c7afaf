"""What is read of a request's headers before its format is known."""

import pytest

from gateway.call.cache import CacheWishes, wishes_of
from gateway.catalogue.wishes import Wishes
from gateway.entrances.formats.embeddings import EmbeddingsEntrance
from gateway.entrances.formats.incoming import headers_of, new_call
from gateway.routing.fitting import said


def call_with(*headers, parsed=None):
    scope = {"type": "http", "headers": [(name.lower().encode(), value) for name, value in headers]}
    return new_call(scope, wire_format="openai", parsed=parsed, body_bytes=0)


@pytest.mark.parametrize("has_places", [True, False])
def test_own_headers_that_nothing_comes_of_are_said(has_places):
    """They are misspelt, or those of a job on what is none."""
    parsed = EmbeddingsEntrance().parse(b'{"model": "m", "input": "a"}') if has_places else None
    call = call_with(
        ("X-Gatehouse-Deadline", b"30"), ("X-Gatehouse-End-User", b"u-1"), ("X-Gatehouse-Featur", b"f"),
        ("X-Gatehouse-Cache", b"no-store"), ("X-Gatehouse-Cache-Key", b"k"), ("X-Gatehouse-Prefer", b"newest"),
        ("X-Gatehouse-Session", b"s"), ("X-Gatehouse-Feature", b"f"), ("X-Gatehouse-\xe4b", b"1"), ("X-Api-Key", b"k"),
        parsed=parsed,
    )  # fmt: skip
    assert said(call) == [
        "X-Gatehouse-Deadline; dropped",
        "X-Gatehouse-Featur; dropped",
        "a member with an unusual name; dropped",
    ]
    assert call.request.end_user == "u-1"


def test_without_such_headers_nothing_is_said():
    call = call_with(("Content-Type", b"application/json"), ("X-Request-Id", b"1"))
    assert call.places is None
    assert said(call) == []


def test_what_several_lines_say_of_the_cache_holds_together():
    """A proxy may add a line, and split or join those that are there."""
    lines = [(b"x-gatehouse-cache", b"no-store"), (b"x-gatehouse-feature", b"a"), (b"x-gatehouse-cache", b"max-age=60"), (b"x-gatehouse-feature", b"b")]  # fmt: skip
    headers = headers_of({"headers": lines})
    assert wishes_of(headers[b"x-gatehouse-cache"].decode()) == CacheWishes(no_store=True, max_age=60)
    assert headers[b"x-gatehouse-feature"] == b"b"


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("x-gatehouse-prefer", ("compliance=bedrock", "cost=low"), "compliance=bedrock; cost=low"),
        ("anthropic-beta", ("context-1m-2025-08-07", "a,b"), "context-1m-2025-08-07,a,b"),
        ("idempotency-key", ("one", "two"), "one, two"),
        ("idempotency-key", ("one",), "one"),
        ("x-api-key", ("one", "two"), "two"),
    ],
)
def test_a_header_that_is_a_list_may_come_in_parts(name, values, said):
    given = [(b"host", b"h"), *((name.encode(), value.encode()) for value in values), (b"accept", b"*/*")]
    found = headers_of({"headers": given})
    assert found[name.encode()] == said.encode()
    assert found[b"accept"] == b"*/*"


def test_a_wish_in_the_first_of_two_headers_is_heard():
    given = [(b"x-gatehouse-prefer", b"compliance=bedrock"), (b"x-gatehouse-prefer", b"cost=low")]
    call = new_call({"headers": given}, wire_format="openai", parsed=None, body_bytes=0)
    assert call.request.wishes == Wishes(compliance=True, cost="low")
