"""Values that the end of a part or of a message cuts in two are hidden where they begin."""

import msgspec
import pytest

from gateway.conversation import Conversation, encode
from gateway.wire.joins import join_values
from gateway.wire.texts import rewrite
from governance.privacy.policy.detection import looked_through
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, combined
from governance.privacy.policy.ruleset import RuleSet
from tests.governance.privacy.samples import mask_of

RULES = RuleSet(combined((InForce("Organisation", 1, OBSERVE.document),)))


def asked(*messages):
    return msgspec.convert(
        {"messages": [{"role": "user", "content": list(blocks)} for blocks in messages]}, Conversation
    )


def text(value):
    return {"text": value}


def result(*values):
    return {"toolResult": {"toolUseId": "1", "content": [text(value) for value in values]}}


def hidden(conversation):
    def find(value):
        return [(hit.start, hit.end) for hit in looked_through(value, RULES).to_model]

    mask = mask_of(RULES)
    for _ in join_values(conversation, find, mask.asked):
        pass
    for _ in rewrite(conversation, mask.hide, mask.hide_json):
        pass
    return encode(conversation).decode(), mask


CUT = {
    "two parts": ([[text("write to jane.roe"), text("@example.org now")]], "jane.roe@example.org"),
    "a part each": ([[text("jane"), text(".roe"), text("@exam"), text("ple.org")]], "jane.roe@example.org"),
    "the sign at the end": ([[text("jane.roe@"), text("example.org")]], "jane.roe@example.org"),
    "messages": ([[text("card 4111 1111")], [text("1111 1111 please")]], "4111 1111 1111 1111"),
    "messages of nothing else": ([[text("card 4111 1111")], [text("1111 1111")]], "4111 1111 1111 1111"),
    "a tool's parts": ([[result("phone +49 30", "901820 ok")]], "+49 30 901820"),
    "a tool's part and a text": ([[result("mail jane.roe"), text("@example.org")]], "jane.roe@example.org"),
    "past a mark of the cache": ([[text("jane.roe"), {"cachePoint": {"type": "default"}}, text("@example.org")]], "jane.roe@example.org"),
    "an address": ([[text("She lives at 221 Baker"), text("Street, London")]], "221 Baker Street"),
    "an IBAN": ([[text("DE89 3704 0044"), text("0532 0130 00")]], "DE89 3704 0044 0532 0130 00"),
    "written out": ([[text("jane dot roe at"), text("example dot org")]], "jane dot roe at example dot org"),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_a_value_that_is_cut_in_two_is_hidden_where_it_begins(name):
    messages, value = CUT[name]
    shown, mask = hidden(asked(*messages))
    (token,) = mask.values
    assert "".join(mask.values[token].split()) == "".join(value.split())
    first = msgspec.json.decode(shown)["messages"][0]["content"][0]
    assert token in str(first)
    assert not any(part in shown for part in value.replace("@", " ").split() if len(part) > 5)
    assert all(message["content"] for message in msgspec.json.decode(shown)["messages"])


@pytest.mark.parametrize(
    "messages",
    [
        [[text("In 2024"), text("5 things happened")]],
        [[text("Add 12")], [text("and 13")]],
        [[text("Version 3.11"), text(".7 is out")]],
        [[text("one"), text("two")]],
        [[text("call @home"), text("and @work")]],
        [
            [
                text("see 4111 1111"),
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                text("1111 1111"),
            ]
        ],
    ],
)
def test_ordinary_parts_stay_as_they_are(messages):
    conversation = asked(*messages)
    before = encode(conversation).decode()
    shown, _ = hidden(conversation)
    assert shown == before


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is your phone number?", "4155552671"),
        ("Please tell me your account number.", "12345678"),
        ("Your SSN:", "536221234"),
        ("What is the password?", "Blue!91x"),
        ("Wie lautet Ihre Handynummer?", "0171 1234567"),
    ],
)
def test_what_was_asked_for_is_hidden_in_the_answer(question, answer):
    shown, mask = hidden(asked([text(question)], [text(answer)]))
    assert list(mask.values.values()) == [answer]
    assert answer not in shown


@pytest.mark.parametrize(
    ("question", "answer"), [("How many apples?", "4155552671"), ("What is your phone?", "iPhone 15 Pro")]
)
def test_what_was_not_asked_for_stays(question, answer):
    shown, _ = hidden(asked([text(question)], [text(answer)]))
    assert answer in shown
