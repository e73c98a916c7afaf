"""What callers wish of the choice of a model, in a header and in a member."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.wishes import COSTS, Wishes, from_header, from_member
from gateway.entrances.formats.incoming import _wishes, check_tags, headers_of
from gateway.refusals import Refusal

WISHES = st.builds(
    Wishes,
    compliance=st.booleans(),
    latency=st.none() | st.integers(1, 600_000),
    cost=st.sampled_from(["", *COSTS]),
    newest=st.booleans(),
    model=st.sampled_from(["", "claude-haiku-4-5"]),
    region=st.sampled_from(["", "eu", "us-east-1"]),
)


@given(WISHES)
def test_header_and_member_say_the_same(wishes):
    given = {name: getattr(wishes, name) for name in wishes.names}
    header = "; ".join(name if value is True else f"{name}={value}" for name, value in given.items())
    expected = wishes if given else None
    assert from_header(header) == expected
    assert from_member({"prefer": given}) == expected


def refusal_of(text):
    try:
        from_header(text)
    except Refusal as refusal:
        return refusal
    return None


@given(st.text(max_size=60))
def test_any_header_is_read_or_refused_by_name(text):
    refusal = refusal_of(text)
    assert refusal is None or (refusal.code, refusal.param) == ("invalid_request", "X-Gatehouse-Prefer")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour=red", "'colour', which Gatehouse does not know"),
        ("cost=low; newest; Cost=high", "'cost' twice"),
        ("cost=tiny", "must be low, normal or high"),
        ("latency=0", "milliseconds from 1"),
        ("latency=soon", "milliseconds from 1"),
        ("compliance=nasa", "send bedrock"),
        ("region=EU WEST", "a region or a geography"),
        ("newest=perhaps", "'newest'"),
    ],
)
def test_what_is_no_wish_is_refused_by_name(text, words):
    with pytest.raises(Refusal) as caught:
        from_header(text)
    assert words in caught.value.message


@pytest.mark.parametrize(
    "value",
    [[], "low", {"prefers": {}}, {"prefer": []}, {"prefer": {"cost": 3}}, {"prefer": {"latency": 1.5}}],
)
def test_a_member_that_is_none_is_refused(value):
    with pytest.raises(Refusal):
        from_member(value)


def test_what_the_header_says_counts():
    assert Wishes(cost="low", newest=True).overlaid(Wishes(cost="high")) == Wishes(cost="high", newest=True)


def said_by(*headers: bytes, member: Wishes | None = None) -> Wishes | None:
    parsed: Any = SimpleNamespace(places=SimpleNamespace(wishes=member))
    found = headers_of({"headers": [(b"x-gatehouse-prefer", each) for each in headers]})
    check_tags(found)
    return _wishes(found, parsed)


def test_a_header_that_wishes_nothing_takes_nothing_from_the_member():
    member = Wishes(compliance=True)
    for header in (b"", b" ; ", b"newest=false", b"cost="):
        assert said_by(header, member=member) == member
    assert said_by(b"") is None
    assert said_by(b"cost=low", member=member) == Wishes(compliance=True, cost="low")


def test_wishes_of_several_headers_add_up():
    assert said_by(b"compliance=bedrock", b"region=eu") == Wishes(compliance=True, region="eu")
    with pytest.raises(Refusal, match="'region' twice"):
        said_by(b"region=us", b"region=eu")
