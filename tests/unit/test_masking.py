import re

import pytest
from governance.policy.recognizers import Recognizers
from hypothesis import given
from hypothesis import strategies as st

from governance.policy import masking
from governance.policy.findings import Finding
from governance.policy.masking import Mask, team_key

RECOGNIZERS = Recognizers()
KEY = team_key("master", "team")


def mask(key=KEY):
    return Mask(key=key, find=RECOGNIZERS.find)


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
    ],
)
def test_each_kind_is_found_and_hidden(text, entity):
    hidden = mask()
    result = hidden.hide(text)
    assert hidden.counts == {entity: 1}
    (token,) = re.findall(rf"<{entity}_[0-9a-f]{{6}}>", result)
    assert result.replace(token, hidden.values[token]) == text


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
    assert mask().hide(text) == text


def test_a_value_has_one_token_in_a_team_and_another_elsewhere():
    text = "ann@example.com"
    assert mask().hide(text) == mask().hide(text)
    assert mask().hide(text) != mask(team_key("master", "other")).hide(text)


@given(
    st.lists(
        st.sampled_from(
            ["ann@example.com", "bob@example.org", "4111111111111111", "192.0.2.77", "hello", " ", "<", ">"]
        )
    )
)
def test_hiding_can_be_undone_whatever_the_text(parts):
    text = " ".join(parts)
    hidden = mask()
    result = hidden.hide(text)
    for token, value in hidden.values.items():
        result = result.replace(token, value)
    assert result == text


def test_values_that_collide_get_longer_tokens(monkeypatch):
    monkeypatch.setattr(masking, "_SHORTEST", 1)
    values = [f"v{number}" for number in range(60)]  # sixty values and sixteen one-digit tokens
    whole = Mask(key=KEY, find=lambda text: [Finding(0, len(text), "WORD")])
    tokens = [whole.hide(value) for value in values]
    assert len(set(tokens)) == 60
    assert [whole.values[token] for token in tokens] == values


def test_json_is_hidden_in_values_and_names():
    hidden = mask().hide_json(
        {"ann@example.com": [{"to": "bob@example.com", "n": 1, "ok": True, "none": None}]}
    )
    ((name, [member]),) = hidden.items()
    assert name.startswith("<EMAIL_ADDRESS_")
    assert member["to"].startswith("<EMAIL_ADDRESS_")
    assert (member["n"], member["ok"], member["none"]) == (1, True, None)
