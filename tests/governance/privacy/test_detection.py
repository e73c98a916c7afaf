"""Long texts are looked at in segments: what is found has its place in the whole, across their ends as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.detection import (
    MAX_SEGMENT_LENGTH,
    concluded,
    found_by_name,
    found_in_answer,
    parts_of,
    segments,
)
from governance.privacy.policy.privacy import PrivacyRule
from governance.screening.policy.findings import Finding
from tests.governance.privacy.samples import (
    CARD,
    EMAIL,
    PHONE,
    WORD,
    characters,
    found,
    lookalikes,
    mask_of,
    rule_set,
    unmasked,
)

RULES = rule_set(
    PrivacyRule(entity="EMAIL_ADDRESS", to_client="redact"),
    PrivacyRule(entity="CREDIT_CARD", to_client="redact"),
    PrivacyRule(entity="PHONE_NUMBER", to_client="redact"),
    PrivacyRule(entity="SECRET", to_client="redact"),
    PrivacyRule(entity="WORD", deny=(WORD, "project nightfall"), to_client="redact"),
)
CUTS = ("", " ", "\n", "\n\n", ". ")
long_texts = st.lists(
    st.one_of(
        st.builds(
            lambda text, times: text * times, st.text(characters, min_size=1, max_size=8), st.integers(1, 900)
        ),
        st.sampled_from(("\n\n", "\n", ". ", " ")),
    ),
    max_size=8,
).map("".join)


@given(long_texts)
def test_the_segments_are_the_text(text):
    parts = list(segments(text))
    assert "".join(part for _, part in parts) == text
    position = 0
    for offset, part in parts:
        assert offset == position
        position += len(part)
        assert len(part) <= MAX_SEGMENT_LENGTH
    assert all(part for _, part in parts) or text == ""
    assert all(len(part) >= MAX_SEGMENT_LENGTH // 2 for _, part in parts[:-1])


@pytest.mark.parametrize("cut", ["\n\n", "\n", ". ", " "])
def test_a_text_is_cut_where_something_ends(cut):
    text = cut.join("word" * 20 for _ in range(100))
    parts = [part for _, part in segments(text)]
    assert len(parts) > 2
    assert all(part.endswith(cut) for part in parts[:-1])


VALUES = {"EMAIL_ADDRESS": EMAIL, "CREDIT_CARD": CARD, "PHONE_NUMBER": PHONE, "WORD": "project nightfall"}


@pytest.mark.parametrize("entity", VALUES)
@given(
    before=st.integers(0, 3 * MAX_SEGMENT_LENGTH),
    filler=st.sampled_from(("x ", "word. ", "line\n", "para\n\n", "é ")),
)
def test_a_value_is_found_wherever_it_stands_in_a_long_text(entity, before, filler):
    head = (filler * (before // len(filler) + 1))[:before]
    text = f"{head} {VALUES[entity]} {filler * 500}"
    (hit,) = found(text, RULES).to_model
    assert (hit.entity, text[hit.start : hit.end]) == (entity, VALUES[entity])
    assert [text[hit.start : hit.end] for hit in found_in_answer(text, RULES)] == [VALUES[entity]]
    assert found(text, RULES).counts == ((entity, 1),)


@pytest.mark.parametrize("length", [1, 20, 60, 200])
@pytest.mark.parametrize("before", [0, 900, 1990])
def test_a_private_key_is_found_whole_however_long(length, before):
    lines = "\n".join("MIIEow" + "aB3/+" * 11 for _ in range(length))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"
    text = f"{'x ' * (before // 2)}\n{key}\nthat was it"
    (hit,) = found(text, RULES).to_model
    assert text[hit.start : hit.end] == key


def test_a_token_longer_than_a_segment_is_found_whole():
    token = f"eyJ{'a1B2' * 400}.eyJ{'c3D4' * 700}.{'e5F6' * 50}"
    text = f"the token {token} expires"
    (hit,) = found(text, RULES).to_model
    assert text[hit.start : hit.end] == token


@given(st.integers(0, 2 * MAX_SEGMENT_LENGTH), lookalikes())
def test_what_is_hidden_in_a_long_text_comes_back(before, written):
    text = f"{'word ' * (before // 5)}{EMAIL} {written} {CARD}{' word' * 400}"
    mask = mask_of(RULES)
    assert unmasked(mask, mask.hide(text), [997]) == text


def test_names_of_a_segment_have_their_place_in_the_whole():
    rules = rule_set(PrivacyRule(entity="PERSON"), names=True)
    text = "word " * 500 + "Zorblax Quux said so. " + "word " * 300
    parts = [
        (
            at,
            found_by_name(
                part,
                [(part.index("Zorblax"), part.index("Zorblax") + 12, "PERSON")] if "Zorblax" in part else [],
            ),
        )
        for at, part in segments(text)
    ]
    result = concluded(text, rules, parts, read_characters=len(text))
    assert {text[hit.start : hit.end] for hit in result.to_model} == {"Zorblax Quux"}
    assert result.read_characters == len(text)


def test_counts_are_of_values_and_not_of_findings():
    twice = [
        (0, [Finding(0, 5, "WORD", 0.9), Finding(0, 5, "WORD", 0.5), Finding(2, 5, "EMAIL_ADDRESS", 0.9)])
    ]
    result = concluded("abcde fgh", RULES, twice)
    assert dict(result.counts) == {"WORD": 1, "EMAIL_ADDRESS": 1} or dict(result.counts) == {
        "EMAIL_ADDRESS": 1
    }
    assert sum(number for _, number in result.counts) == len(result.to_model)


def test_stored_texts_hold_placeholders_and_not_a_caller_s_words():
    text = "<EMAIL_ADDRESS_abcdef>"
    assert concluded(text, RULES, list(parts_of(text, RULES)), is_stored=True).is_clean
    assert dict(concluded(text, RULES, list(parts_of(text, RULES))).counts) == {"LITERAL": 1}


def test_the_log_may_differ_from_what_the_model_is_shown():
    rules = rule_set(PrivacyRule(entity="WORD", deny=(WORD,), to_model="", to_log="redact"))
    result = found(f"a {WORD}", rules)
    assert result.log_differs
    assert not result.to_model
    assert not found(f"a {WORD}", RULES).log_differs
