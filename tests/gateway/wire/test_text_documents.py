"""Texts that are sent as bytes are read like any other, and stay in their encoding."""

from base64 import b64decode, b64encode

import msgspec
import pytest

from gateway.conversation import Conversation
from gateway.wire.text_documents import changed
from gateway.wire.texts import rewrite, texts_of
from governance.privacy.policy.privacy import PrivacyRule
from tests.governance.privacy.samples import EMAIL, mask_of, rule_set

RULES = rule_set(PrivacyRule(entity="EMAIL_ADDRESS"))


def asked(kind, data, *, in_result=False):
    document = {"document": {"format": kind, "name": "a", "source": {"bytes": b64encode(data).decode()}}}
    block = {"toolResult": {"toolUseId": "1", "content": [document]}} if in_result else document
    return msgspec.convert({"messages": [{"role": "user", "content": [block]}]}, Conversation)


def shown(conversation, mask):
    for _ in rewrite(conversation, mask.hide, mask.hide_json):
        pass
    block = conversation.messages[0].content[0]
    part = block if block.document is not None else block.tool_result.content[0]
    return b64decode(part.document["source"]["bytes"])


@pytest.mark.parametrize("in_result", [False, True])
@pytest.mark.parametrize("kind", ["txt", "csv", "md", "html"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_a_text_holds_is_hidden_in_its_own_encoding(kind, encoding, in_result):
    text = f"Grüße an {EMAIL}, danke. Mehr steht hier nicht."
    conversation = asked(kind, text.encode(encoding), in_result=in_result)
    assert any(EMAIL in each for several in texts_of(conversation) for each in several)
    mask = mask_of(RULES)
    after = shown(conversation, mask).decode(encoding)
    (token,) = mask.values
    assert after == text.replace(EMAIL, token)


def test_bytes_that_are_no_utf_8_stay():
    data = b"Gr\xfc\xdfe an " + EMAIL.encode() + b" \xff\xfe"
    after = shown(asked("txt", data), mask_of(RULES))
    assert after.startswith(b"Gr\xfc\xdfe an <EMAIL_ADDRESS_")
    assert after.endswith(b" \xff\xfe")


@pytest.mark.parametrize(("kind", "data"), [("pdf", EMAIL.encode()), ("txt", b"nothing here"), ("txt", b"")])
def test_other_bytes_are_passed_on_as_they_are(kind, data):
    assert shown(asked(kind, data), mask_of(RULES)) == data


@pytest.mark.parametrize("encoded", ["no base64!", "QQ", "é"])
def test_what_is_no_base64_is_left_for_bedrock_to_refuse(encoded):
    assert changed(encoded, str.upper) == encoded
