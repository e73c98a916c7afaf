"""What holds of guards whatever the questions are."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.cache.policy.guards import is_fit, read, veto
from tests.bench.question_pairs import pairs

QUESTIONS = sorted({text for pair in pairs(each=8) for text in (pair.a, pair.b)})
NAMES = ("Anna", "Tom Smith", "Acme", "Rome", "New York", "Oslo", "Lima", "Initech", "Kofi", "AWS")
ORDERED = (
    "How do I get from {} to {}?",
    "Did {} beat {}?",
    "Is {} older than {}?",
    "Does {} owe {} money?",
    "Why did {} leave {}?",
    "Move everything in {} to {}",
    "What did {} say about {}?",
    "Is {} a part of {}?",
    "How many people of {} work for {}?",
    "Translate what {} wrote to {}",
)
real = st.sampled_from(QUESTIONS)
anything = st.one_of(real, st.text(min_size=1, max_size=80)).filter(is_fit)


@given(anything)
def test_no_question_is_vetoed_for_itself(text: str) -> None:
    assert veto(read(text), read(text)) == ""


@given(anything, anything)
def test_a_veto_is_the_same_both_ways(one: str, other: str) -> None:
    assert veto(read(one), read(other)) == veto(read(other), read(one))


@given(anything, anything)
def test_questions_of_different_keys_are_vetoed(one: str, other: str) -> None:
    if read(one).key != read(other).key:
        assert veto(read(one), read(other)) != ""


@given(real.filter(lambda text: any(map(str.isdigit, text))), st.data())
def test_another_digit_is_another_question(text: str, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([at for at, character in enumerate(text) if character.isdigit()]))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[at]]))
    changed = f"{text[:at]}{other}{text[at + 1 :]}"
    assert read(text).key != read(changed).key


@given(st.integers(), st.integers())
def test_another_number_is_another_question(one: int, other: int) -> None:
    assume(one != other)
    assert read(f"What is {one} plus two?").key != read(f"What is {other} plus two?").key
    assert read(f"What is {one:,} plus two?").key == read(f"What is {one} plus two?").key


@given(real, st.from_regex(r"[A-Z]{3,9}(_[A-Z]{2,8})?", fullmatch=True), st.text("0123456789abcdef", min_size=6, max_size=12), st.text("0123456789abcdef", min_size=6, max_size=12), st.data())  # fmt: skip
def test_another_placeholder_is_another_question(
    text: str, entity: str, one: str, other: str, data: st.DataObject
) -> None:
    assume(one != other)
    words = text.split()
    at = data.draw(st.integers(0, len(words)))
    for form in (
        "<{}_{}>",
        "{}_{}",
        "\\<{}_{}\\>",
        "&lt;{}_{}&gt;",
        "<{} {}>",
        "< {}-{} >",
        "`<{}_{}>`",
        "**<{}\\_{}>**",
    ):
        mine, theirs = (
            " ".join([*words[:at], form.format(entity, digits), *words[at:]]) for digits in (one, other)
        )
        assert veto(read(mine), read(theirs)) != ""


@given(real, st.data())
def test_a_word_of_negation_more_is_another_question(text: str, data: st.DataObject) -> None:
    words = text.split()
    at = data.draw(st.integers(0, len(words)))
    for negation in ("not", "never", "no", "without"):
        changed = " ".join([*words[:at], negation, *words[at:]])
        assert veto(read(text), read(changed)) != ""


@given(st.sampled_from(ORDERED), st.permutations(NAMES))
def test_two_names_in_another_order_are_another_question(template: str, names: list[str]) -> None:
    one, other = template.format(names[0], names[1]), template.format(names[1], names[0])
    assert veto(read(one), read(other)) != ""
    assert veto(read(one.lower()), read(other)) != ""


@given(st.sampled_from(ORDERED), st.permutations(NAMES))
def test_another_name_is_another_question(template: str, names: list[str]) -> None:
    assert veto(read(template.format(*names[:2])), read(template.format(names[0], names[2]))) != ""


@given(
    real,
    st.sampled_from(("zorbs", "quick", "old", "in", "or", "him", "today", "more", "🙂", "#", "7")),
    st.data(),
)
def test_a_word_more_is_another_question(text: str, word: str, data: st.DataObject) -> None:
    words = text.split()
    at = data.draw(st.integers(0, len(words)))
    assert veto(read(text), read(" ".join([*words[:at], word, *words[at:]]))) != ""


@given(real, st.sampled_from(("", "?", "??", ".", " !", "…")))
def test_blanks_and_marks_at_the_end_are_free(text: str, end: str) -> None:
    bare = re.sub(r"[?.!]+$", "", text)
    assume(not bare[-1:].isdigit() and bare[-1:].isalnum())
    assert veto(read(text), read(f"  {bare.replace(' ', '  ')}{end}")) == ""
