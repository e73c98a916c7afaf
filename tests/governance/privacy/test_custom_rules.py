"""Admins' own rules: patterns that can't hang, words in any case, and offsets in code points whatever the text."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.privacy.policy.custom_rules import MAX_PATTERN_LENGTH, BadPatternError, CustomRule
from governance.privacy.policy.privacy import PrivacyRule
from tests.governance.privacy.samples import characters, found, mask_of, rule_set


def rule(**values):
    return PrivacyRule(entity="CUSTOM", **values)


def spans(text, **values):
    return [(each.start, each.end) for each in CustomRule(rule(**values)).find(text)]


def matches(text, **values):
    return [text[start:end] for start, end in spans(text, **values)]


# --- patterns ---


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){12}", "(a*)*b", "([a-z]+)*!"])
def test_no_pattern_hangs(pattern):
    assert sum(end - start for start, end in spans("a" * 100_000 + "c", patterns=(pattern,))) <= 100_001


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(?<!a)b", r"(a)\1", "(", "[z-a]", "a{1001}", "*"])
def test_what_is_no_pattern_is_refused_in_words(pattern):
    with pytest.raises(BadPatternError) as refused:
        CustomRule(rule(patterns=(pattern,)))
    assert pattern in str(refused.value)
    assert "without look-around or back-references" in str(refused.value)


def test_a_pattern_that_is_too_long_or_too_large_is_refused():
    with pytest.raises(BadPatternError, match=f"{MAX_PATTERN_LENGTH} characters"):
        CustomRule(rule(patterns=("a" * (MAX_PATTERN_LENGTH + 1),)))
    with pytest.raises(BadPatternError):
        CustomRule(rule(patterns=("((a{100}){100}){100}",)))


@pytest.mark.parametrize("values", [{"patterns": ("\ud800",)}, {"deny": ("\ud800",)}])
def test_half_a_character_is_no_pattern(values):
    with pytest.raises(BadPatternError):
        CustomRule(rule(**values))


@given(st.text(characters, min_size=1, max_size=60))
def test_a_rule_that_matches_everything_finds_it_once(text):
    assert spans(text, patterns=("(?s).",)) == [(0, len(text))]
    assert spans(text, patterns=("(?s).+",)) == [(0, len(text))]


@pytest.mark.parametrize("pattern", ["", "x*", "(?:)", "^", "$", r"\b"])
def test_matches_of_nothing_are_nothing(pattern):
    assert spans("aéb", patterns=(pattern,)) == []


@given(
    st.lists(
        st.sampled_from(("EMP-12345", "x", " ", "😀", "e\u0301", "\ud83d", "\udc00", "é", "\u202e")),
        max_size=12,
    )
)
@example(["😀", "EMP-12345", "\ud83d", "EMP-12345"])
def test_offsets_are_code_points(parts):
    text = " ".join(parts)
    wanted = [match.span() for match in re.finditer("EMP-[0-9]{5}", text)]
    assert spans(text, patterns=("EMP-[0-9]{5}",)) == wanted
    assert spans(text, deny=("emp-12345",)) == wanted


@pytest.mark.parametrize(
    ("checksum", "right", "wrong"),
    [
        ("luhn", "79927398713", "79927398714"),
        ("mod97", "DE89370400440532013000", "DE89370400440532013001"),
        ("mod11", "0306406152", "0306406153"),
        ("verhoeff", "2363", "2364"),
    ],
)
def test_a_checksum_tells_numbers_apart(checksum, right, wrong):
    pattern = ("[A-Z]{0,2}[0-9]{2,30}",)
    assert matches(f"a {right} b {wrong} c", patterns=pattern, checksum=checksum) == [right]


@pytest.mark.parametrize("checksum", ["luhn", "mod97", "mod11", "verhoeff"])
@given(text=st.text(st.characters(codec="utf-8"), max_size=20) | st.text("aX-0 ", max_size=8))
def test_a_checksum_of_anything_is_an_answer(checksum, text):
    for start, end in spans(text, patterns=(r"\S+",), checksum=checksum):
        assert any(map(str.isdecimal, text[start:end]))


def test_a_word_beside_it_speaks_for_a_match():
    values = {"patterns": (r"\b[0-9]{6}\b",), "context": ("badge", "Ausweis")}
    assert matches("my badge is 123456", **values) == ["123456"]
    assert matches("AUSWEIS: 123456", **values) == ["123456"]
    assert matches("123456 is my badge", **values) == ["123456"]
    assert matches("total 123456", **values) == []
    assert matches(f"badge {'x ' * 60} 123456", **values) == []
    assert matches("the gadbadger 123456", **values) == []


# --- words ---


def test_words_are_found_in_any_case_and_whole():
    values = {"deny": ("Bluebird", "STRASSE 5", "naïve", "C++")}
    text = "BLUEBIRD bluebird Bluebirds xBluebird blue_bluebird bluebird_2 (bluebird) Strasse 5 strasse 55 NAÏVE naïveté c++ c++x"
    assert matches(text, **values) == ["BLUEBIRD", "bluebird", "bluebird", "Strasse 5", "NAÏVE", "c++", "c++"]


def test_the_signs_of_patterns_are_only_themselves_in_a_word():
    assert matches("a.c abc [x] x", deny=("a.c", "[x]")) == ["a.c", "[x]"]


@pytest.mark.parametrize(
    ("deny", "text", "wanted"),
    [
        (("cat", "cat food"), "cat foodie", ["cat"]),
        (("b c", "c"), "ab c", ["c"]),
        (("new york", "york city"), "New York City", ["New York", "York City"]),
        (("ab", "ab-ab"), "ab ab-ab xab-ab", ["ab", "ab-ab", "ab", "ab"]),
    ],
)
def test_words_inside_words_and_beside_one_another_are_found(deny, text, wanted):
    assert matches(text, deny=deny) == wanted


WORDS = ("ab", "b", "ab b", "b-a", "é", "-b-")


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.text("abB é-_", max_size=24))
def test_every_character_of_a_word_that_stands_alone_is_covered(deny, text):
    covered = {place for start, end in spans(text, deny=tuple(deny)) for place in range(start, end)}
    wanted = set()
    for word in deny:
        before = r"(?<!\w)" if word[0].isalnum() else ""
        after = r"(?!\w)" if word[-1].isalnum() else ""
        for match in re.finditer(f"(?i)(?={before}({re.escape(word)}){after})", text):
            wanted.update(range(*match.span(1)))
    assert covered == wanted


def test_words_are_found_where_a_script_has_no_spaces():
    assert matches("我们的蓝鸟计划是秘密", deny=("蓝鸟计划",)) == ["蓝鸟计划"]
    assert matches("블루버드는 비밀", deny=("블루버드",)) == ["블루버드"]
    assert matches("秘密Bluebird計画", deny=("bluebird",)) == ["Bluebird"]
    assert matches("сад садовник", deny=("сад",)) == ["сад"]


@pytest.mark.parametrize("text", ["a" * 100_000, "a " * 50_000, "xa" * 50_000, "ba a" * 25_000])
def test_words_in_long_texts_are_found_as_well(text):
    assert len(spans(text, deny=("a", "a a a"))) < 100_000
    assert matches(text + " Bluebird", deny=("bluebird", "b" * 3000)) == ["Bluebird"]


def test_thousands_of_words_are_one_rule():
    words = tuple(f"project {number}" for number in range(5000))
    assert matches("on Project 4999 and project 77", deny=words) == ["Project 4999", "project 77"]


def test_blank_words_are_none():
    assert spans("a b", deny=("", " ")) == []


# --- as part of a policy ---


def test_what_is_allowed_is_not_found_whatever_its_case():
    rules = rule_set(
        PrivacyRule(entity="EMAIL_ADDRESS", allow=("Info@Example.com",)),
        PrivacyRule(entity="CUSTOM", patterns=("EMP-[0-9]+",), allow=("emp-1",)),
    )
    mask = mask_of(rules)
    shown = mask.hide("info@example.com INFO@EXAMPLE.COM ann@example.com EMP-1 EMP-2")
    assert mask.counts == {"EMAIL_ADDRESS": 1, "CUSTOM": 1}
    assert shown.startswith("info@example.com INFO@EXAMPLE.COM <EMAIL_ADDRESS_")


def test_what_one_rule_allows_another_still_finds():
    rules = rule_set(
        PrivacyRule(entity="EMAIL_ADDRESS", allow=("info@example.com",)),
        PrivacyRule(entity="EMAIL_ADDRESS", to_model="redact"),
    )
    assert mask_of(rules).hide("info@example.com") == "<EMAIL_ADDRESS>"


def test_a_rule_for_a_language_is_for_its_texts_and_for_those_of_none():
    rules = rule_set(PrivacyRule(entity="CUSTOM", deny=("Adler",), languages=("de",)))
    assert mask_of(rules).hide("Das ist der Adler und nicht die Taube").startswith("Das ist der <CUSTOM_")
    assert mask_of(rules).hide("This is the Adler and it is not a pigeon").startswith("This is the Adler")
    assert mask_of(rules).hide("Adler").startswith("<CUSTOM_")


def test_a_threshold_leaves_what_is_less_sure():
    text = "EMP-123"
    for threshold, is_found in ((0.9, True), (0.95, False)):
        rules = rule_set(PrivacyRule(entity="CUSTOM", patterns=("EMP-[0-9]+",), threshold=threshold))
        assert len(rules.custom(text)) == 1
        assert (not found(text, rules).is_clean) == is_found
