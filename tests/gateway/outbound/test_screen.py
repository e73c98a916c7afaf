"""Rules for the direction to the client: whatever the pieces an answer comes in, nothing that they find is let go."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import BlockStop, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.outbound.chain import Outbound
from gateway.outbound.screen import MAX_WORD_LENGTH, WINDOW, BlockedError, Screen
from governance.privacy.policy.detection import found_in_answer
from governance.privacy.policy.privacy import PrivacyRule
from tests.governance.privacy.samples import (
    CARD,
    EMAIL,
    PHONE,
    WORD,
    characters,
    chunks,
    mask_of,
    rule_set,
    sizes,
)

PHRASE = "project nightfall launch"
VALUES = {
    "EMAIL_ADDRESS": EMAIL,
    "CREDIT_CARD": CARD,
    "PHONE_NUMBER": PHONE,
    "IBAN_CODE": "DE89 3704 0044 0532 0130 00",
    "US_SSN": "536-22-1234",
    "IP_ADDRESS": "192.168.17.4",
    "STREET_ADDRESS": "12 Main Street",
    "SECRET": "AKIAIOSFODNN7EXAMPLE",
    "WORD": WORD,
    "PHRASE": PHRASE,
    "PATTERN": "order 123456 of friendship",
}
CUSTOM = (
    PrivacyRule(entity="WORD", deny=(WORD,), to_client="redact"),
    PrivacyRule(entity="PHRASE", deny=(PHRASE,), to_client="redact"),
    PrivacyRule(entity="PATTERN", patterns=(r"order \d{6} of [a-z]+ship",), to_client="redact"),
)
BUILT_IN = tuple(
    PrivacyRule(entity=entity, to_client="redact")
    for entity in VALUES
    if entity not in {rule.entity for rule in CUSTOM}
)
EXACT = tuple(rule for rule in BUILT_IN if rule.entity != "STREET_ADDRESS")
RULES = rule_set(*BUILT_IN, *CUSTOM)
EXACT_RULES = rule_set(*EXACT, *CUSTOM)
WORDS_ALONE = rule_set(*EXACT, PrivacyRule(entity="WORD", deny=(WORD,), to_client="redact"))
PLAIN = (
    "and then",
    "the weather stays nice",
    "thank you",
    "we never went there",
    "because it was raining",
    "yes",
)

_NUMBERED = VALUES["STREET_ADDRESS"]
"""How far an address goes depends on the words around it: what is between two numbers may be one."""


def sentences_of(*values):
    parts = st.one_of(st.sampled_from(PLAIN), st.sampled_from(values))
    return st.lists(parts, min_size=1, max_size=8).map(" because ".join)


sentences = sentences_of(*(value for value in VALUES.values() if value != _NUMBERED))


def screen(rules=RULES, *, noted=None, is_whole=False):
    return Screen(
        lambda text: found_in_answer(text, rules),
        mask_of(rules).checked_answer,
        note=(lambda hit: None) if noted is None else noted.append,
        is_whole=is_whole,
        reach=rules.client_reach,
    )


def passed(text, sizes, rules=RULES, **options):
    """What was let go, piece by piece."""
    screened = screen(rules, **options)
    return [*(screened.feed(chunk) for chunk in chunks(text, sizes)), screened.close()]


def whole(text, rules=RULES):
    return "".join(passed(text, [len(text) or 1], rules, is_whole=True))


@given(sentences, sizes)
def test_pieces_come_to_what_the_whole_comes_to(text, sizes):
    assert "".join(passed(text, sizes, EXACT_RULES)) == whole(text, EXACT_RULES)


@given(sentences_of(*VALUES.values()), sizes)
def test_nothing_of_any_value_is_let_go(text, sizes):
    shown = "".join(passed(text, sizes))
    assert not any(value in shown for value in VALUES.values())
    # A stretch of digits, or a word of a value, is a part of it.
    assert not re.search(r"\d{2}|ann|example|Main|Street|AKIA|Bluebird|nightfall|friendship", shown)


@given(sentences, sizes)
def test_without_rules_of_an_admin_less_is_held_and_the_same_is_found(text, sizes):
    assert WORDS_ALONE.client_reach == 0
    assert "".join(passed(text, sizes, WORDS_ALONE)) == whole(text, WORDS_ALONE)


@pytest.mark.parametrize("entity", VALUES)
@given(before=st.sampled_from(PLAIN), after=st.sampled_from(PLAIN), sizes=sizes)
def test_no_value_is_let_go(entity, before, after, sizes):
    text = f"{before} {VALUES[entity]} {after}"
    noted = []
    shown = "".join(passed(text, sizes, noted=noted))
    if entity == "STREET_ADDRESS":  # words behind it may be its own
        assert shown.startswith(f"{before} <STREET_ADDRESS>")
    else:
        assert shown == f"{before} <{entity}> {after}"
    assert [hit.entity for hit in noted] == [entity]


@pytest.mark.parametrize("entity", VALUES)
@given(sizes=sizes, before=st.sampled_from(PLAIN))
def test_what_blocks_ends_the_answer_before_it(entity, sizes, before):
    rules = rule_set(
        *(
            PrivacyRule(entity=rule.entity, deny=rule.deny, patterns=rule.patterns, to_client="block")
            for rule in (*BUILT_IN, *CUSTOM)
        )
    )
    text = f"{before} {VALUES[entity]} and more"
    screened = screen(rules)
    let_go: list[str] = []
    with pytest.raises(BlockedError) as blocked:
        feed_all(screened, chunks(text, sizes), let_go)
    assert blocked.value.kind == entity
    assert f"{before} ".startswith("".join(let_go))


def feed_all(screened, pieces, let_go):
    let_go += (screened.feed(piece) for piece in pieces)
    let_go.append(screened.close())


@given(
    st.lists(
        st.one_of(sentences, st.text(characters, max_size=200), st.text("a1@ \n-(", max_size=200)), max_size=4
    ),
    sizes,
)
def test_what_is_held_back_is_bounded(parts, sizes):
    text = " ".join(parts)
    rules = rule_set(PrivacyRule(entity="WORD", patterns=("zzzzzz",), to_client="redact"))
    screened = screen(rules)
    fed = let_go = 0
    for chunk in chunks(text, sizes):
        fed += len(chunk)
        let_go += len(screened.feed(chunk))
        held = text[let_go:fed]
        word = re.split(r"\s", text[: max(0, fed - WINDOW)])[-1]
        assert len(held) <= WINDOW + len(word)
    assert let_go + len(screened.close()) == len(text)


@given(sentences, sizes)
def test_an_answer_that_is_no_stream_is_looked_at_at_once(text, sizes):
    pieces = passed(text, sizes, is_whole=True)
    assert set(pieces[:-1]) <= {""}
    assert pieces[-1] == whole(text)


@pytest.mark.parametrize("size", [1, 7, 160, 1000])
def test_a_token_longer_than_the_window_is_hidden_whole(size):
    token = f"eyJ{'a1B2' * 200}.eyJ{'c3D4' * 300}.{'e5F6' * 50}"
    text = f"Here it is: {token} and so on"
    assert "".join(passed(text, [size])) == "Here it is: <SECRET> and so on"


@pytest.mark.parametrize("size", [1, 7, 160, 1000])
def test_a_private_key_is_hidden_to_its_end(size):
    lines = "\n".join("MIIEow" + "aB3/+" * 11 for _ in range(30))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"
    noted = []
    shown = "".join(passed(f"The key:\n{key}\nKeep it well hidden.", [size], noted=noted))
    assert shown == "The key:\n<SECRET>\nKeep it well hidden."
    assert len(noted) == 1


def test_a_word_that_never_ends_is_let_go_at_last():
    screened = screen()
    assert screened.feed("x" * (MAX_WORD_LENGTH * 2)) != ""


def test_scripts_without_spaces_are_not_held_until_their_end():
    screened = screen()
    assert screened.feed("这是一个很长的句子" * 40) != ""


def test_a_word_behind_a_number_may_say_what_it_is():
    text = "the 4222222222222 belongs to my card and that is all there is to say"
    assert "".join(passed(text, [1], WORDS_ALONE)) == whole(text, WORDS_ALONE)
    assert "4222" not in "".join(passed(text, [1], WORDS_ALONE))


@given(sizes)
def test_placeholders_are_nobody_s_data(sizes):
    mask = mask_of(RULES)
    shown = mask.hide(f"{EMAIL} or {CARD} of {WORD}")
    assert shown.count("<") == 3
    assert "".join(passed(f"Dear {shown}, hello", sizes)) == f"Dear {shown}, hello"


def test_what_only_touches_a_placeholder_is_found_all_the_same():
    text = "see <EMAIL_ADDRESS_abcdef>@4111111111111111 EMAIL_ADDRESS_abcdef@example.com"
    shown = whole(text)
    assert "4111" not in shown
    assert "example.com" not in shown


@given(st.text(characters, max_size=300), sizes)
def test_any_text_goes_through(text, sizes):
    nothing = rule_set(PrivacyRule(entity="WORD", deny=("zzzzzz",), to_client="redact"))
    assert "".join(passed(text, sizes, nothing)) == text


# --- through the events of a reply ---


def outbound(rules=RULES, *, is_stream=True, is_json=False, hide=""):
    mask = mask_of(rules)
    mask.hide(hide)
    return Outbound(mask=mask, rules=rules, is_stream=is_stream, is_json=is_json)


def fed(filters, *events):
    return [shown for event in events for shown in filters.feed(event)]


arguments = st.dictionaries(
    st.sampled_from(("to", "note", EMAIL)),
    st.one_of(
        st.sampled_from(
            [EMAIL, f"\n{EMAIL}", f'"{CARD}"', f"{WORD}\\", "é", int(CARD.replace(" ", "")), 5, None, True]
        ),
        st.lists(st.sampled_from([EMAIL, WORD, 1.5, "ok"]), max_size=3),
    ),
    max_size=3,
)


@given(arguments, sizes, st.booleans(), st.booleans())
def test_arguments_of_tools_stay_json_with_nothing_in_them(value, sizes, is_ascii, is_stream):
    text = json.dumps(value, ensure_ascii=is_ascii)
    filters = outbound(is_stream=is_stream)
    pieces = [ToolDelta(0, chunk) for chunk in chunks(text, sizes)]
    events = fed(filters, ToolStart(0, "t", "send"), *pieces, BlockStop(0))
    shown = json.loads("".join(event.arguments for event in events[1:-1]))
    assert len(shown) == len(value)
    said = json.dumps(shown)
    assert not any(part in said for part in (EMAIL, "4111", WORD))
    if not any(part in text for part in (EMAIL, "4111", WORD)):
        assert shown == value


def test_arguments_that_are_no_json_are_looked_at_as_text():
    filters = outbound()
    events = fed(filters, ToolDelta(0, f'{{"to": "{EMAIL}", "n'), BlockStop(0))
    assert events == [ToolDelta(0, '{"to": "<EMAIL_ADDRESS>", "n'), BlockStop(0)]
    twice = json.dumps({"to": EMAIL})[:-1] + ', "to": 1}'
    (shown, _) = fed(filters, ToolDelta(1, twice), BlockStop(1))
    assert EMAIL not in shown.arguments


def test_structured_output_stays_json():
    filters = outbound(is_json=True)
    events = fed(filters, TextDelta(0, '{"card": 4111'), TextDelta(0, "111111111111}"), BlockStop(0))
    assert events == [TextDelta(0, '{"card": "<CREDIT_CARD>"}'), BlockStop(0)]


def test_own_values_come_back_and_others_do_not():
    filters = outbound(hide=f"I am {EMAIL}")
    token = next(iter(filters._mask.values))
    events = fed(filters, TextDelta(0, f"{token} is not bob@example.com"), BlockStop(0))
    assert "".join(event.text for event in events[:-1]) == f"{EMAIL} is not <EMAIL_ADDRESS>"
    assert (filters.tally.restored, filters.check.findings) == (1, {"EMAIL_ADDRESS": 1})
    assert filters.check.checked_characters == filters.check.characters


def test_reasoning_is_looked_at_and_stays_with_its_signature():
    for is_stream in (True, False):
        filters = outbound(is_stream=is_stream)
        events = fed(filters, ReasoningDelta(0, f"ask {EMAIL}", "c2ln"), BlockStop(0))
        assert events == [ReasoningDelta(0, "ask <EMAIL_ADDRESS>", "c2ln"), BlockStop(0)]


def test_blocks_are_looked_at_each_for_itself():
    filters = outbound()
    assert fed(filters, TextDelta(0, "x Blue"), TextDelta(1, "bird y"), Finished("end_turn", Usage()))[
        -1
    ] == Finished("end_turn", Usage())
    assert filters.check.findings == {}


def test_a_blocked_answer_ends_the_blocks_that_are_open():
    filters = outbound(rule_set(PrivacyRule(entity="WORD", deny=(WORD,), to_client="block")))
    fed(filters, TextDelta(0, "a "), BlockStop(0), TextDelta(1, "b "))
    with pytest.raises(BlockedError):
        fed(filters, TextDelta(1, f"{WORD} and more words"))
    assert list(filters.end()) == [BlockStop(1)]


def test_without_rules_for_it_an_answer_passes_as_it_is():
    filters = outbound(rule_set(PrivacyRule(entity="WORD", deny=(WORD,))))
    event = TextDelta(0, f"{WORD} {EMAIL}")
    assert fed(filters, event) == [event]


@pytest.mark.parametrize("word", ["1234 ", "Abc ", "A1:b ", "of ", "a_b ", "x", "1", "- ", "\n"])
def test_long_runs_of_what_may_go_on_are_gone_through(word):
    nothing = rule_set(PrivacyRule(entity="WORD", deny=("zzzzzz",), to_client="redact"))
    text = word * (1000 // len(word)) + "end"
    assert "".join(passed(text, [5], nothing)) == text
