import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.registry.policy.text_diff import (
    MAX_CHANGES,
    MAX_CHARACTERS,
    Span,
    SpanKind,
    has_changes,
    text_diff,
)

TEXTS = st.text(alphabet="ab c.\n\té", max_size=60)
WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat", ".", "\n"]), max_size=40).map(
    " ".join
)


def without(spans, kind):
    return "".join(span.text for span in spans if span.kind is not kind)


@given(before=TEXTS | WORDS, after=TEXTS | WORDS)
def test_the_spans_lead_from_one_text_to_the_other(before, after):
    spans = text_diff(before, after)
    assert without(spans, SpanKind.ADDED) == before
    assert without(spans, SpanKind.REMOVED) == after
    assert has_changes(spans) == (before != after)
    assert all(span.text for span in spans)
    assert all(one.kind is not other.kind for one, other in itertools.pairwise(spans))


def test_only_the_words_that_changed_are_marked():
    assert text_diff("You are a kind clerk.\nBe brief.", "You are a strict clerk.\nBe brief.") == [
        Span(SpanKind.EQUAL, "You are a "),
        Span(SpanKind.REMOVED, "kind"),
        Span(SpanKind.ADDED, "strict"),
        Span(SpanKind.EQUAL, " clerk.\nBe brief."),
    ]


def test_changed_words_with_only_a_space_between_are_one_change():
    assert text_diff("say yes please now", "say no thanks now") == [
        Span(SpanKind.EQUAL, "say "),
        Span(SpanKind.REMOVED, "yes please"),
        Span(SpanKind.ADDED, "no thanks"),
        Span(SpanKind.EQUAL, " now"),
    ]


def test_an_inserted_line_marks_no_other():
    before = "one\ntwo\nthree\n"
    assert text_diff(before, "one\ntwo\nnew\nthree\n") == [
        Span(SpanKind.EQUAL, "one\ntwo\n"), Span(SpanKind.ADDED, "new\n"), Span(SpanKind.EQUAL, "three\n"),
    ]  # fmt: skip


@given(before=WORDS, after=WORDS)
def test_what_is_equal_is_as_much_as_can_be(before, after):
    """Against the longest common run that begins both texts, which any diff must find."""
    spans = text_diff(before + " end", after + " end")
    assert spans[-1].kind is SpanKind.EQUAL
    assert spans[-1].text.endswith("end")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 40_000, "b " * 40_000),
        (" ".join(map(str, range(30_000))), " ".join(map(str, range(30_000, 0, -1)))),
        ("ab " * 30_000, "ba " * 30_000),
        ("a\n" * 90_000, "a\nb\n" * 45_000),
    ],
)
def test_texts_made_to_be_slow_are_not(before, after):
    spans = text_diff(before, after)  # without bounds this takes hours, and the test's time is over
    assert without(spans, SpanKind.ADDED) == before
    assert without(spans, SpanKind.REMOVED) == after


def test_what_is_too_long_or_too_different_is_shown_whole():
    long = "x" * (MAX_CHARACTERS + 1)
    assert [span.kind for span in text_diff(long, long + "y")] == [SpanKind.REMOVED, SpanKind.ADDED]
    one = " ".join(f"a{n}" for n in range(MAX_CHANGES + 1))
    other = " ".join(f"b{n}" for n in range(MAX_CHANGES + 1))
    assert [span.kind for span in text_diff(one, other)] == [SpanKind.REMOVED, SpanKind.ADDED]
