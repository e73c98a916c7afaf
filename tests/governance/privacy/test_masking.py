"""Masking and its way back: for any text and any findings, in any pieces."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.events import BlockStop, TextDelta, ToolDelta
from gateway.outbound.filters import UnmaskFilter
from gateway.outbound.unmask import Unmasker, UnmaskTally
from governance.privacy.policy import masking
from governance.privacy.policy.detection import concluded, found_by_form
from governance.privacy.policy.engines import GUARDRAIL
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.placeholders import backslashes_before, spelling, token_of
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, PrivacyRule, combined
from governance.privacy.policy.ruleset import RuleSet
from governance.screening.policy.findings import Finding
from kernel.placeholders import digest, placeholder, team_key
from tests.governance.privacy.samples import (
    CARD,
    EMAIL,
    KEY,
    OTHER_KEY,
    WORD,
    chunks,
    findings_in,
    lookalikes,
    mask_of,
    rule_set,
    sizes,
    texts,
    unmasked,
)

DEFAULT_RULES = RuleSet(combined((InForce("Gatehouse", 0, OBSERVE.document),)))
RULES = rule_set(
    PrivacyRule(entity="EMAIL_ADDRESS"),
    PrivacyRule(entity="CREDIT_CARD"),
    PrivacyRule(entity="PHONE_NUMBER"),
    PrivacyRule(entity="WORD", deny=(WORD, "x", "é", "_", "0a")),
)
ANY = ("EMAIL_ADDRESS", "WORD", "CREDIT_CARD", "PHONE_NUMBER")
EMAIL_TOKEN = placeholder("EMAIL_ADDRESS", digest(KEY, "EMAIL_ADDRESS", EMAIL)[:6])
WORD_TOKEN = placeholder("WORD", digest(KEY, "WORD", WORD)[:6])


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("write to ann.lee+x@example.co.uk please", "EMAIL_ADDRESS"),
        ("call (415) 555-2671 today", "PHONE_NUMBER"),
        ("call +49 30 901820 today", "PHONE_NUMBER"),
        ("card 4111-1111-1111-1111, thanks", "CREDIT_CARD"),
        ("pay to DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("my SSN is 536-22-1234", "US_SSN"),
        ("from 192.168.17.4 it came", "IP_ADDRESS"),
        ("from 2001:db8::8a2e:370:7334 it came", "IP_ADDRESS"),
        ("key AKIAIOSFODNN7EXAMPLE is out", "SECRET"),
    ],
)
def test_each_kind_is_found_and_hidden(text, entity):
    mask = mask_of(DEFAULT_RULES)
    shown = mask.hide(text)
    assert mask.counts == {entity: 1}
    (token,) = re.findall(rf"<{entity}_[0-9a-f]{{6}}>", shown)
    assert mask.values[token] not in shown
    assert unmasked(mask, shown) == text


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3 of us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "on 2026-11-21 at 10:30",
        "add 12345 and 678",
        "@home",
    ],
)
def test_what_is_none_is_left_alone(text):
    assert mask_of(DEFAULT_RULES).hide(text) == text


def test_a_value_has_one_token_in_a_team_and_another_elsewhere():
    assert mask_of(RULES).hide(EMAIL) == mask_of(RULES).hide(EMAIL) == EMAIL_TOKEN
    assert mask_of(RULES, key=OTHER_KEY).hide(EMAIL) != EMAIL_TOKEN
    assert team_key("master", "team") != team_key("other master", "team")


# --- there and back ---


@given(texts, sizes)
@example(f"<EMAIL-ADDRESS-{EMAIL_TOKEN[-7:-1]}> {EMAIL}", [99])
@example(f"EMAIL_ADDRESS_{EMAIL_TOKEN[-7:-1]}{WORD} {EMAIL} {WORD}", [99])
@example(f"C:\\{EMAIL}", [99])
def test_what_the_rules_find_comes_back(text, sizes):
    mask = mask_of(RULES)
    assert unmasked(mask, mask.hide(text), sizes) == text


@given(st.data(), texts, sizes)
def test_whatever_is_found_comes_back(data, text, sizes):
    mask = mask_of(RULES, findings=data.draw(findings_in(text, *ANY)))
    assert unmasked(mask, mask.hide(text), sizes) == text


@given(st.data(), st.lists(texts, min_size=2, max_size=4))
def test_the_texts_of_a_call_come_back_each_for_itself(data, several):
    by_text = {text: concluded_of(text, data.draw(findings_in(text, *ANY))) for text in several}
    mask = Mask(key=KEY, rules=RULES, find=by_text.__getitem__)
    shown = [mask.hide(text) for text in several]
    assert [unmasked(mask, text) for text in shown] == several


def concluded_of(text, findings, rules=RULES):
    return concluded(text, rules, [(0, findings)])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(json_values, sizes, st.booleans())
def test_json_comes_back_in_the_arguments_of_tools(value, sizes, is_ascii):
    mask = mask_of(RULES)
    arguments = json.dumps(mask.hide_json(value), ensure_ascii=is_ascii)
    restored = unmask_events(mask, [ToolDelta(3, chunk) for chunk in chunks(arguments, sizes)], BlockStop(3))
    assert json.loads("".join(event.arguments for event in restored[:-1])) == value


@given(json_values, sizes, st.booleans())
def test_json_comes_back_in_structured_output(value, sizes, is_ascii):
    mask = mask_of(RULES)
    answer = json.dumps(mask.hide_json(value), ensure_ascii=is_ascii)
    restored = unmask_events(
        mask, [TextDelta(0, chunk) for chunk in chunks(answer, sizes)], BlockStop(0), is_json=True
    )
    assert json.loads("".join(event.text for event in restored[:-1])) == value


def unmask_events(mask, events, last, *, is_json=False):
    unmask = UnmaskFilter(mask.values, mask.entities, is_json=is_json)
    return [shown for event in (*events, last) for shown in unmask.feed(event)]


def test_json_is_hidden_in_values_names_and_long_numbers():
    mask = mask_of(RULES)
    card = int(CARD.replace(" ", ""))
    shown = mask.hide_json(
        {EMAIL: [{"to": "bob@example.com", "n": 1, "card": card, "ok": True, "none": None, "half": 1.5}]}
    )
    ((name, [member]),) = shown.items()
    assert name == EMAIL_TOKEN
    assert member["to"].startswith("<EMAIL_ADDRESS_")
    assert mask.values[member["card"]] == str(card)
    assert [member[key] for key in ("n", "ok", "none", "half")] == [1, True, None, 1.5]


# --- who gets what back ---


@given(texts, texts, st.booleans())
def test_two_calls_never_exchange_values(mine, theirs, is_same_team):
    one, other = mask_of(RULES), mask_of(RULES, key=KEY if is_same_team else OTHER_KEY)
    shown_to_mine = one.hide(mine)
    # The other call writes what the model was shown in mine, and its answer is mine's, word for word.
    other.hide(theirs + shown_to_mine)
    restored = unmasked(other, shown_to_mine)
    for token, value in one.values.items():
        if token in shown_to_mine and token not in other.values and value not in theirs + shown_to_mine:
            assert value not in restored
    assert unmasked(other, other.hide(shown_to_mine)) == shown_to_mine
    assert unmasked(one, shown_to_mine) == mine


SPELLINGS = (
    "<{name}_{digits}>", "<{lower}_{upper}>", "< {name}_{digits} >", "<  {name}_{digits}>", "{name}_{digits}",
    "{name}_{digits}>", "<{name}_{digits}", "<{spaced} {digits}>", "<{hyphened}-{digits}>", "\\<{name}_{digits}\\>",
    "\\<{escaped}\\_{digits}\\>", "&lt;{name}_{digits}&gt;", "\\u003c{name}_{digits}\\u003e", "**<{name}_{digits}>**", "`{name}_{digits}`",
)  # fmt: skip


def spelled(spelling, token):
    name, _, digits = token.strip("<>").rpartition("_")
    return spelling.format(
        name=name,
        lower=name.lower(),
        spaced=name.replace("_", " "),
        hyphened=name.replace("_", "-").lower(),
        escaped=name.replace("_", "\\_"),
        digits=digits,
        upper=digits.upper(),
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(sizes=sizes)
def test_a_model_may_write_a_placeholder_in_its_own_way(spelling, sizes):
    mask = mask_of(RULES)
    assert mask.hide(EMAIL) == EMAIL_TOKEN
    answer = f"Dear {spelled(spelling, EMAIL_TOKEN)}, hello"
    restored = unmasked(mask, answer, sizes)
    assert restored.replace("*", "").replace("`", "") == f"Dear {EMAIL}, hello"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("around", ["{} {}", "{}{}", "x{} {}", "{}\n{}"])
def test_who_writes_a_placeholder_gets_its_own_words_back(spelling, around):
    mask = mask_of(RULES)
    written = spelled(spelling, EMAIL_TOKEN)
    question = around.format(written, WORD)  # hiding the word ends what stands before it
    mask.hide(f"The address is {EMAIL}.")
    shown = mask.hide(question)
    assert EMAIL_TOKEN in mask.values
    assert EMAIL_TOKEN[1:-1] not in shown
    assert unmasked(mask, shown) == question
    assert EMAIL not in unmasked(mask, shown)


@given(lookalikes())
def test_nothing_that_is_taken_for_a_placeholder_reaches_the_model(text):
    mask = mask_of(RULES)
    shown = mask.hide(text)
    for match in spelling(mask.entities).finditer(shown):
        assert token_of(match) in mask.values


def test_a_placeholder_of_a_kind_that_only_a_guardrail_knows_is_no_question_either():
    rules = rule_set(PrivacyRule(entity="WORD", deny=(WORD,)), guardrail="gr-1")
    by_text = {"BK-1": concluded_of("BK-1", [Finding(0, 4, "BOOKING_REFERENCE", 1.0, GUARDRAIL)], rules)}
    mask = Mask(key=KEY, rules=rules, find=lambda text: by_text.get(text) or concluded_of(text, [], rules))
    token = mask.hide("BK-1")
    assert mask.values == {token: "BK-1"}
    assert mask.counts == {"BOOKING_REFERENCE": 1}
    assert unmasked(mask, token) == "BK-1"
    assert unmasked(mask, mask.hide(token)) == token


@given(texts)
@example("email_address_abcdef0000")
def test_what_is_left_of_a_placeholder_beside_something_stricter_is_none(text):
    rules = rule_set(
        PrivacyRule(entity="EMAIL_ADDRESS"),
        PrivacyRule(entity="WORD", deny=(WORD, "0000", "x"), to_model="redact"),
    )
    mask = mask_of(rules, findings=[*found_by_form(text, rules), *rules.custom(text), *cuts(text)])
    shown = mask.hide(text)
    for match in spelling(mask.entities).finditer(shown):
        assert token_of(match) in mask.values
        assert match.group().removeprefix(backslashes_before(match)) in mask.values


def cuts(text):
    """Findings that part the digits of a placeholder."""
    return [
        Finding(match.end(), match.end() + 4, "WORD") for match in re.finditer("_[0-9a-f]{6}(?=0000)", text)
    ]


def test_placeholders_that_stand_for_nothing_are_left_and_counted():
    tally = UnmaskTally()
    unmasker = Unmasker({EMAIL_TOKEN: EMAIL}, RULES.entities, tally)
    text = f"{EMAIL_TOKEN} and <EMAIL_ADDRESS_000000>"
    assert unmasker.feed(text) + unmasker.close() == f"{EMAIL} and <EMAIL_ADDRESS_000000>"
    assert (tally.restored, tally.invented) == (1, 1)


# --- tokens ---


def test_values_that_collide_get_longer_tokens(monkeypatch):
    monkeypatch.setattr(masking, "MIN_LENGTH", 1)
    values = [f"v{number}" for number in range(60)]  # sixty values and sixteen one-digit tokens
    mask = Mask(key=KEY, rules=RULES, find=lambda text: concluded_of(text, [Finding(0, len(text), "WORD")]))
    tokens = [mask.hide(value) for value in values]
    assert len(set(tokens)) == 60
    assert [mask.values[token] for token in tokens] == values


@pytest.mark.parametrize(
    ("action", "pattern"),
    [("redact", "<WORD>"), ("hash", "<WORD#[0-9a-f]{12}>"), ("mask", "<WORD_[0-9a-f]{6}>"), ("log", WORD)],
)
def test_each_action_leaves_what_it_says(action, pattern):
    rules = rule_set(PrivacyRule(entity="WORD", deny=(WORD,), to_model=action, to_log="redact"))
    mask = mask_of(rules)
    shown = mask.hide(f"It is {WORD}.")
    assert re.fullmatch(f"It is {pattern}\\.", shown)
    assert mask.counts == {"WORD": 1}
    assert bool(mask.values) == (action == "mask")
    assert mask.logged(shown) == "It is <WORD>."
    assert mask.logs_differ == (action != "redact")
    assert not mask.blocked


def test_what_blocks_is_told_and_shown_nowhere():
    mask = mask_of(rule_set(PrivacyRule(entity="WORD", deny=(WORD,), to_model="block")))
    assert mask.hide(f"{WORD} and {WORD}") == "<WORD> and <WORD>"
    assert mask.blocked == {"WORD": 2}


def test_what_is_stored_of_an_answer_is_redacted_but_for_placeholders():
    mask = mask_of(RULES)
    shown = mask.hide(EMAIL)
    kept = mask.hide_answer(f"{shown} or bob@example.com")
    assert re.fullmatch(rf"{shown} or <EMAIL_ADDRESS_[0-9a-f]{{6}}>", kept)
    assert unmasked(mask, kept) == kept.replace(shown, EMAIL)  # what the model made up is not the call's
