"""What the simulator answers, without HTTP: token counts, limits, the prompt cache, patterns."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.simulator import tokens
from embedded.simulator.caching import PromptCache
from embedded.simulator.faults import Minute, Region, Settings
from embedded.simulator.models import SimulatedModel, base_id
from embedded.simulator.patterns import example
from embedded.simulator.replies import reply_to
from embedded.simulator.turns import SimulatedPrompt, SimulatedTurn

UNHURRIED = settings(deadline=None)  # whichever comes first loads the tokenizer
MODEL = SimulatedModel("anthropic.claude-test-v1:0", "Test", "Anthropic")


def turn(text: str, max_tokens: int | None = None, stop_sequences: list[str] | None = None) -> SimulatedTurn:
    made = SimulatedTurn(MODEL, MODEL.model_id, "us-east-1", last_user_text=text, max_tokens=max_tokens)
    made.stop_sequences = stop_sequences or []
    made.prompt.add(text)
    made.weigh()
    return made


@UNHURRIED
@given(st.text(max_size=200))
def test_pieces_are_the_text_one_a_token(text: str) -> None:
    pieces = tokens.pieces(text)
    assert "".join(pieces) == text
    assert len(pieces) == tokens.count(text)


@UNHURRIED
@given(st.text(max_size=100), st.integers(1, 300))
def test_max_tokens_is_never_passed_and_met_when_it_cuts(text: str, most: int) -> None:
    whole, cut = reply_to(turn(text)), reply_to(turn(text, most))
    assert cut.output_tokens == min(most, whole.output_tokens)
    assert cut.stop_reason == ("max_tokens" if whole.output_tokens > most else "end_turn")
    assert whole.blocks[0].text.startswith(cut.blocks[0].text)


@UNHURRIED
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=3))
def test_no_stop_sequence_is_in_the_answer(text: str, stop: str) -> None:
    reply = reply_to(turn(text, stop_sequences=[stop]))
    written = "".join(block.text for block in reply.blocks)
    assert stop not in written
    whole = reply_to(turn(text)).blocks[0].text
    assert reply.stop_reason == ("stop_sequence" if stop in whole else "end_turn")
    assert written == whole.partition(stop)[0]


@UNHURRIED
@given(st.text(max_size=500))
def test_usual_answers_have_a_usual_length(text: str) -> None:
    body = reply_to(turn(text)).blocks[0].text
    assert text in body
    assert tokens.count(body) >= 40


def test_cached_beginnings_are_forgotten_after_five_minutes() -> None:
    cache = PromptCache()
    asked = turn("A manual.")
    asked.prompt.mark_cache_point()
    first, again, late = (cache.use(asked, 1, now) for now in (0.0, 10.0, 400.0))
    assert (first.cache_write, first.cache_read) == (again.cache_read, again.cache_write)
    assert first.cache_write == asked.input_tokens
    assert late.cache_read == 0


def test_the_longest_known_beginning_is_read() -> None:
    cache = PromptCache()
    one = SimulatedTurn(MODEL, MODEL.model_id, "us-east-1", SimulatedPrompt(["a b c"], [0], [1]))
    two = SimulatedTurn(
        MODEL, MODEL.model_id, "us-east-1", SimulatedPrompt(["a b c", "d e f"], [0, 0], [1, 2])
    )
    for each in (one, two):
        each.weigh()
    cache.use(one, 1, 0.0)
    usage = cache.use(two, 1, 1.0)
    assert (usage.cache_read, usage.input) == (one.input_tokens, 0)
    assert usage.cache_write == two.input_tokens - one.input_tokens


@UNHURRIED
@given(st.floats(0, 1), st.integers(1, 200))
def test_throttling_is_spread_evenly(rate: float, calls: int) -> None:
    region = Region(Settings())
    region.update({"throttle_rate": rate})
    hits = [region.throttles() for _ in range(calls)]
    assert abs(sum(hits) - rate * calls) <= 1


@UNHURRIED
@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 40), st.integers(0, 20), st.integers(0, 20)), max_size=30),
)
def test_no_sixty_seconds_have_more_than_the_quota(most: int, calls: list[tuple[float, int, int]]) -> None:
    """Whatever calls hold, and come to in the end, which is no more than that."""
    minute, now, through = Minute(), 0.0, []
    for pause, held, spent in calls:
        now += pause
        taken = minute.take(most, held, now)
        in_minute = [each for each in through if each.at > now - 60]
        assert (taken is None) is (sum(each.amount for each in in_minute) + held > most)
        if taken is not None:
            through.append(taken)
            minute.settle(taken, min(spent, held))


def test_a_late_end_gives_nothing_back() -> None:
    minute = Minute()
    late = minute.take(10, 8, 0.0)
    assert late is not None
    assert minute.take(10, 8, 61.0) is not None
    minute.settle(late, 0)
    assert minute.take(10, 3, 62.0) is None
    assert minute.take(None, 1_000, 62.0) is not None


@pytest.mark.parametrize(
    ("given_id", "expected"),
    [
        ("us.anthropic.claude-test-v1:0", "anthropic.claude-test-v1:0"),
        ("anthropic.claude-test-v1:0:200k", "anthropic.claude-test-v1:0"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
    ],
)
def test_base_id_is_bare(given_id: str, expected: str) -> None:
    assert base_id(given_id) == expected


@pytest.mark.parametrize(
    "pattern",
    [r"^\d{3}-\d{4}$", r"^[a-f0-9]{8}$", r"^(\+1)?\s?\w+@\w+\.com$", r"^[^@]+$", r"^(?:a|b){2,}?c*$"],
)
def test_patterns_have_examples(pattern: str) -> None:
    made = example(pattern)
    assert made is not None
    assert re.search(pattern, made)


def test_a_pattern_beyond_it_has_none() -> None:
    assert example(r"(?!)") is None
    assert example("(") is None
