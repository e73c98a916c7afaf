"""Masking and its way back: for any text and any findings, in any pieces."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.policy import masking
from governance.policy.findings import Finding
from governance.policy.masking import Mask, team_key
from governance.policy.placeholders import LITERAL, digest, placeholder
from governance.policy.privacy import DEFAULT, InForce, Rule, combined
from governance.policy.ruleset import RuleSet
from tests.privacy import (
    CARD,
    EMAIL,
    KEY,
    OTHER_KEY,
    WORD,
    characters,
    findings_in,
    found,
    lookalikes,
    mask_of,
    rule_set,
    sizes,
    texts,
    unmasked,
)

DEFAULT_RULES = RuleSet(combined((InForce("Gatehouse", 0, DEFAULT),)))
RULES = rule_set(
    Rule(entity="EMAIL_ADDRESS"),
    Rule(entity="CREDIT_CARD"),
    Rule(entity="PHONE_NUMBER"),
    Rule(entity="WORD", deny=(WORD, "x", "é", "_", "0a")),
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
    by_text = {text: data.draw(findings_in(text, *ANY)) for text in several}
    mask = Mask(key=KEY, rules=RULES, find=lambda text: found(text, RULES) if not by_text[text] else
                masking_found(text, by_text[text]))
    shown = [mask.hide(text) for text in several]
    assert [unmasked(mask, text) for text in shown] == several


def masking_found(text, findings):
    return mask_of(RULES, findings=findings)._find(text)
