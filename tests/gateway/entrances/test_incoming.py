"""What is read of a request's headers before its format is known."""

import pytest

from gateway.entrances.formats.embeddings import EmbeddingsEntrance
from gateway.entrances.formats.incoming import new_call
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
