"""What is charged for the prompt of a call that was interrupted: by what calls before it have told of the cache."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import Conversation
from gateway.events import Usage
from gateway.wire.cached_prefixes import CachedPrefixes, Point, points_of

KEY, HERE = b"a key", 7
MARK = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


def conversation(
    *, system: str = "rules " * 2000, mark: dict[str, Any] = MARK, turns: tuple[str, ...] = ("hi",)
) -> Conversation:
    """With a cache point behind the system prompt, and one behind each turn but the last."""
    messages = [
        {
            "role": "assistant" if number % 2 else "user",
            "content": [{"text": text}, *([mark] if number < len(turns) - 1 else [])],
        }
        for number, text in enumerate(turns)
    ]
    return msgspec.convert({"system": [{"text": system}, mark], "messages": messages}, Conversation)


def points(**facts: Any) -> list[Point]:
    return points_of(conversation(**facts), key=KEY)


def estimate(known: CachedPrefixes, found: list[Point], *, at: float, prompt: int = 20_100) -> Usage:
    return known.estimate(HERE, found, prompt_tokens=prompt, output=12, now=at)


def test_a_beginning_that_was_read_lately_costs_what_reading_costs():
    known = CachedPrefixes()
    known.learn(HERE, points(), Usage(input=90, output=5, cache_write=20_001), now=0)
    assert estimate(known, points(turns=("another",)), at=299) == Usage(
        input=99, cache_read=20_001, output=12
    )


def test_each_use_keeps_it_for_as_long_again_and_then_it_is_gone():
    known = CachedPrefixes()
    known.learn(HERE, points(), Usage(cache_write=20_001), now=0)
    known.learn(HERE, points(), Usage(cache_read=20_001), now=250)
    assert estimate(known, points(), at=549).cache_read == 20_001
    assert estimate(known, points(), at=550).cache_read == 0


def test_an_hour_is_an_hour():
    known = CachedPrefixes()
    known.learn(HERE, points(mark=HOUR), Usage(cache_write_1h=20_001), now=0)
    assert estimate(known, points(mark=HOUR), at=3599).cache_read == 20_001
    assert estimate(CachedPrefixes(), points(mark=HOUR), at=0).cache_write_1h > 19_000


def test_a_first_use_is_written():
    found = estimate(CachedPrefixes(), points(), at=0)
    assert found.cache_write > 19_000
    assert (found.cache_read, found.prompt) == (0, 20_100)


def test_a_longer_history_reads_what_was_there_and_writes_what_came():
    known = CachedPrefixes()
    known.learn(HERE, points(turns=("a", "b " * 500, "c")), Usage(input=9, cache_write=20_600), now=0)
    later = points(turns=("a", "b " * 500, "c " * 3000, "d", "e"))
    found = estimate(known, later, at=60, prompt=24_000)
    assert found.cache_read == 20_600
    assert 3_000 < found.cache_write < 3_400


def test_without_cache_points_and_elsewhere_nothing_is_known():
    known = CachedPrefixes()
    known.learn(HERE, points(), Usage(cache_write=20_001), now=0)
    assert estimate(known, [], at=1) == Usage(input=20_100, output=12)
    assert known.estimate(8, points(), prompt_tokens=20_100, output=1, now=1).cache_read == 0
    assert estimate(known, points(system="others " * 2000), at=1).cache_read == 0
    assert estimate(known, points_of(conversation(), key=b"of another team"), at=1).cache_read == 0


def test_a_short_beginning_is_not_cached():
    assert estimate(CachedPrefixes(), points(system="short"), at=0, prompt=400) == Usage(input=400, output=12)


def test_it_forgets_what_was_not_used_for_longest():
    known = CachedPrefixes()
    for number in range(10_001):
        known.learn(HERE, [Point(str(number).encode(), 0.9, "5m")], Usage(cache_write=2000), now=0)
    assert estimate(known, [Point(b"0", 0.9, "5m")], at=1).cache_read == 0
    assert estimate(known, [Point(b"1", 0.9, "5m")], at=1).cache_read == 2000


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.lists(st.text(max_size=50), min_size=1, max_size=9),
    st.integers(0, 900),
)
def test_all_of_the_prompt_is_charged_once(prompt, cached, turns, at):
    known = CachedPrefixes()
    known.learn(HERE, points(turns=tuple(turns[:3])), Usage(cache_read=cached), now=0)
    found = estimate(known, points(turns=tuple(turns)), at=at, prompt=prompt)
    assert min(found.input, found.cache_read, found.cache_write) >= 0
    assert found.prompt == max(prompt, found.cache_read)
    assert found.cache_read in (0, cached)
