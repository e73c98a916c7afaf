"""What is kept of an answer, and what callers may say of the cache."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.entries import decode, encode, settled, text_of
from gateway.cache.keys import filled, moments
from gateway.cache.values import tokens_in
from gateway.call.cache import HIT, CacheRun, CacheWishes, check_key, wishes_of
from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Extras,
    Finished,
    Raw,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
    Vector,
)
from gateway.refusals import Refusal
from gateway.wire.fit.output import ANSWER_TOOL
from prompts.registry.policy.document import Document
from prompts.registry.policy.rendering import Compiled, UnusableVersionError

TEXTS = st.text(max_size=30)
INDEX = st.integers(0, 3)
YEARS = {"min_value": datetime(2000, 1, 1), "max_value": datetime(2060, 1, 1)}  # noqa: DTZ001 - hypothesis wants them so
EVENTS = st.one_of(
    st.builds(TextDelta, INDEX, TEXTS), st.builds(ReasoningDelta, INDEX, TEXTS, TEXTS, TEXTS), st.builds(ToolStart, INDEX, TEXTS, TEXTS),
    st.builds(ToolDelta, INDEX, TEXTS), st.builds(Citations, INDEX, st.just([{"location": {"page": 1}}])),
    st.builds(Raw, INDEX, st.sampled_from(("block", "start", "delta")), st.just({"image": {"a": 1}}), TEXTS), st.builds(BlockStop, INDEX),
)  # fmt: skip


@given(events=st.lists(EVENTS, max_size=8))
def test_an_answer_is_what_it_was(events):
    kept = settled(
        [*events, Finished("end_turn", Usage(input=5, output=7), extras=Extras(trace={"a": 1}))],
        by_tool=False,
    )
    assert decode(encode(kept))[:-1] == kept[:-1]
    assert decode(encode(kept))[-1] == Finished("end_turn", Usage())
    assert text_of(kept) == text_of(events)
    assert settled(kept, by_tool=False) == kept


@given(text=st.text(min_size=1, max_size=4000), cuts=st.lists(st.integers(0, 4000), max_size=5))
def test_pieces_do_not_depend_on_how_a_text_came(text, cuts):
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    parts: list[Event] = [TextDelta(0, text[a:b]) for a, b in pairwise(places)]
    assert settled(parts, by_tool=False) == settled([TextDelta(0, text)], by_tool=False)


def test_an_answer_by_our_own_tool_is_kept_as_text():
    events = [ToolStart(0, "t", ANSWER_TOOL), ToolDelta(0, '{"a":'), ToolDelta(0, "1}"), BlockStop(0), Finished("tool_use", Usage())]  # fmt: skip
    assert settled(events, by_tool=True) == [
        TextDelta(0, '{"a":1}'),
        BlockStop(0),
        Finished("end_turn", Usage()),
    ]
    assert settled(events, by_tool=False)[0] == events[0]


def test_an_embedding_uses_nothing_again():
    assert decode(encode([Vector(0, [0.25, -1.0], 9, None)])) == [Vector(0, [0.25, -1.0], 0, None)]


@pytest.mark.parametrize("kept", [b"", b"\x01", msgspec.msgpack.encode([["Unknown", 1]])])
def test_what_is_no_answer_is_told(kept):
    with pytest.raises((msgspec.MsgspecError, LookupError, TypeError)):
        decode(kept)


def test_placeholders_are_known_however_they_are_cut():
    events = [
        TextDelta(0, "Write to <EMAIL_ADD"),
        TextDelta(0, "RESS_ab12cd34>."),
        TextDelta(1, r"\<PERSON\_0a1b2c3d>"),
    ]
    found = tokens_in(events, frozenset({"EMAIL_ADDRESS", "PERSON"}))
    assert found == {"<EMAIL_ADDRESS_ab12cd34>", "<PERSON_0a1b2c3d>"}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("no-store", CacheWishes(no_store=True)), ("No-Cache, max-age=0", CacheWishes(no_cache=True, max_age=0)),
        ("only-if-cached; max-age=60", CacheWishes(only_if_cached=True, max_age=60)), ("max-age=60, max-age=5, max-age=30", CacheWishes(max_age=5)),
        (f"max-age={'0' * 5000}7", CacheWishes(max_age=7)), (" , ", None),
    ],
)  # fmt: skip
def test_what_callers_say_is_read(text, wishes):
    assert wishes_of(text) == wishes


@given(text=st.text(max_size=20))
def test_whatever_else_they_say_is_refused_by_name(text):
    if text.strip(" ,;") in ("", "no-store", "no-cache", "only-if-cached"):
        return
    with pytest.raises(Refusal) as caught:
        wishes_of(f"{text}, private")
    assert (caught.value.code, caught.value.param) == ("invalid_request", "X-Gatehouse-Cache")


@pytest.mark.parametrize("text", ["max-age=-1", "max-age=1e3", "max-age=٣", "max-age=", "max-age", f"max-age={'9' * 5000}", "no-store=1", "private", "no-store, only-if-cached"])  # fmt: skip
def test_such_as(text):
    with pytest.raises(Refusal):
        wishes_of(text)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "x" * 501])
def test_keys_that_are_none(key):
    with pytest.raises(Refusal):
        check_key(key)


def test_the_word_comes_first():
    run = CacheRun(rule=None, wishes=CacheWishes(), outcome=HIT, kind="slot", age=7300, is_stale=True)
    assert run.header() == "hit; kind=slot; age=7300; stale"
    run.bypass("tools")
    assert run.header() == "bypass; reason=tools"


@given(
    now=st.datetimes(timezones=st.just(UTC), **YEARS),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo")),
    minutes=st.integers(0, 24 * 60),
)  # fmt: skip
def test_moments_of_a_slot_follow_the_clock_of_its_zone(now, zone, minutes):
    """No two moments that are a day apart share one; those of one half-day are at most 13 hours apart."""
    early, late = moments(now, zone), moments(now + timedelta(minutes=minutes), zone)
    if early["half_day"] == late["half_day"]:
        assert minutes <= 13 * 60
    if early["hour"] == late["hour"]:
        assert minutes < 60
    assert early["half_day"].startswith(early["day"])
    assert filled("a/{half_day}/{other}", now, zone) == f"a/{early['half_day']}/{{other}}"


def test_an_hour_that_comes_twice_is_two():
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    hours = [moments(each, "Europe/Berlin")["hour"] for each in (first, second)]
    assert hours == ["2026-10-25T02+0200", "2026-10-25T02+0100"]
    assert moments(first, "Europe/Berlin")["half_day"] == moments(second, "Europe/Berlin")["half_day"]


@pytest.mark.parametrize(
    ("now", "half"), [("2026-11-30T10:59:59", "2026-11-30-am"), ("2026-11-30T11:00:00", "2026-11-30-pm"), ("2026-11-30T23:00:00", "2026-12-01-am")]
)  # fmt: skip
def test_the_edge_of_a_half_day(now, half):
    assert moments(datetime.fromisoformat(now).replace(tzinfo=UTC), "Europe/Berlin")["half_day"] == half


@pytest.mark.parametrize(
    ("key", "is_taken"),
    [("{{ half_day }}", True), ("{half_day}", False), ("a/{day}/{{ hour }}", False), ("{x}{{hour}}", True)],
)
def test_a_prompt_s_key_is_not_written_as_the_header_s(key, is_taken):
    """Its moments would be words, the same at every time."""
    document = msgspec.convert({"messages": [{"role": "user", "text": "Hello"}], "cache_key": key}, Document)
    if is_taken:
        assert Compiled(document).cache_key is not None
    else:
        with pytest.raises(UnusableVersionError, match=r"as the header does: write “\{\{"):
            Compiled(document)
