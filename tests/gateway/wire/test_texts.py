"""Every place in which a request can hold text that a model could read."""

import msgspec
import pytest

from gateway.conversation import Conversation, encode
from gateway.wire.texts import each_string, rewrite, texts_of
from governance.privacy.policy.privacy import PrivacyRule
from tests.governance.privacy.samples import CARD, EMAIL, mask_of, rule_set

NUMBER = int(CARD.replace(" ", ""))
RULES = rule_set(PrivacyRule(entity="EMAIL_ADDRESS"), PrivacyRule(entity="CREDIT_CARD"))
HERE = EMAIL  # what is to be found in each place

PLACES = {
    "system": {"system": [{"text": HERE}]},
    "guarded system": {"system": [{"guardContent": {"text": {"text": HERE}}}]},
    "message": {"messages": [{"role": "user", "content": [{"text": f"to {HERE}"}]}]},
    "answer": {"messages": [{"role": "assistant", "content": [{"text": HERE}]}]},
    "guarded text": {"messages": [{"role": "user", "content": [{"guardContent": {"text": {"text": HERE}}}]}]},
    "tool descriptions": {"toolConfig": {"tools": [{"toolSpec": {"name": "t", "description": HERE, "inputSchema": {"json": {}}}}]}},
    "stop sequences": {"inferenceConfig": {"stopSequences": [HERE]}},
    "output": {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"name": "s", "schema": f'{{"title": "{HERE}"}}'}}}}},
    "more fields": {"additionalModelRequestFields": {"a": [{"b": HERE}]}},
    "names of more fields": {"additionalModelRequestFields": {HERE: 1}},
    "metadata": {"requestMetadata": {"who": HERE}},
    "names of metadata": {"requestMetadata": {HERE: "x"}},
}  # fmt: skip
BLOCKS = {
    "document text": {"document": {"format": "txt", "name": "a", "source": {"text": HERE}}},
    "document content": {"document": {"format": "txt", "name": "a", "source": {"content": [{"text": HERE}]}}},
    "document context": {"document": {"format": "txt", "name": "a", "source": {"bytes": "QQ=="}, "context": HERE}},
    "document name": {"document": {"format": "txt", "name": f"of {HERE}", "source": {"bytes": "QQ=="}}},
    "search result": {"searchResult": {"source": HERE, "title": HERE, "content": [{"text": HERE}]}},
    "citations": {"citationsContent": {"content": [{"text": HERE}], "citations": [{"title": HERE, "sourceContent": [{"text": HERE}]}]}},
    "reasoning": {"reasoningContent": {"reasoningText": {"text": HERE, "signature": "c2ln"}}},
}  # fmt: skip
INPUTS = {
    "value": {"to": HERE},
    "nested": {"a": [{"b": [HERE, 1, None, True]}]},
    "name": {"a": {HERE: 1}},
    "text alone": HERE,
    "list": [HERE],
    "number": {"card": NUMBER},
    "numbers": [[NUMBER]],
}
RESULTS = {
    "text": {"text": HERE},
    "json": {"json": {"a": [HERE]}},
    "json name": {"json": {HERE: 1}},
    "json text": {"json": HERE},
    "json number": {"json": {"card": NUMBER}},
    "json number alone": {"json": NUMBER},
    "document": {"document": {"format": "txt", "name": f"of {HERE}", "source": {"text": HERE}}},
    "search result": {"searchResult": {"source": HERE, "title": "t", "content": [{"text": HERE}]}},
}
SCHEMAS = {
    "description": {"type": "object", "properties": {"to": {"type": "string", "description": HERE}}},
    "choices": {"properties": {"to": {"enum": [HERE], "const": HERE, "default": HERE, "examples": [HERE]}}},
    "names": {"properties": {HERE: {"type": "string"}}, "required": [HERE]},
    "definitions": {"$defs": {HERE: {"title": HERE}}},
    "a property called type": {"properties": {"type": {"description": HERE}, "format": {"title": HERE}, "pattern": {"title": HERE}}},
    "nested": {"anyOf": [{"items": {"properties": {"a": {"description": HERE}}}}]},
}  # fmt: skip


def conversation(**members):
    return msgspec.convert({"messages": [], **members}, Conversation)


def of_blocks(*blocks):
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def tool_use(value):
    return {"toolUse": {"toolUseId": "1", "name": "t", "input": value}}


def tool_result(part):
    return {"toolResult": {"toolUseId": "1", "content": [part]}}


def tool(schema):
    return {"toolConfig": {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": schema}}}]}}


EVERYWHERE = {
    **PLACES,
    **{f"block: {name}": of_blocks(block) for name, block in BLOCKS.items()},
    **{f"arguments: {name}": of_blocks(tool_use(value)) for name, value in INPUTS.items()},
    **{f"result: {name}": of_blocks(tool_result(part)) for name, part in RESULTS.items()},
    **{f"schema: {name}": tool(schema) for name, schema in SCHEMAS.items()},
}


@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_stands_there_is_hidden(place):
    asked = conversation(**EVERYWHERE[place])
    before = encode(asked).decode()
    assert HERE in before or str(NUMBER) in before
    texts = [text for several in texts_of(asked) for text in several]
    assert encode(asked).decode() == before  # reading changes nothing
    mask = mask_of(RULES)
    for _ in rewrite(asked, mask.hide, mask.hide_json):
        pass
    after = encode(asked).decode()
    assert HERE not in after
    assert str(NUMBER) not in after
    assert mask.values
    if HERE in before:
        assert any(HERE in text for text in texts)


def test_everything_at_once_is_hidden_and_each_place_by_the_same_token():
    members = {}
    for several in PLACES.values():
        members |= several
    blocks = [*BLOCKS.values(), *map(tool_use, INPUTS.values()), *map(tool_result, RESULTS.values())]
    asked = conversation(**members | of_blocks(*blocks))
    mask = mask_of(RULES)
    for _ in rewrite(asked, mask.hide, mask.hide_json):
        pass
    assert HERE not in encode(asked).decode()
    assert sorted(mask.values.values()) == [str(NUMBER), HERE]


MEDIA = {"source": {"bytes": HERE}, "format": "png"}


@pytest.mark.parametrize(
    "blocks",
    [
        [{"image": MEDIA}],
        [{"video": MEDIA}],
        [{"audio": MEDIA}],
        [{"document": {"format": "pdf", "name": "a", "source": {"bytes": HERE}}}],
        [{"reasoningContent": {"reasoningText": {"text": "a", "signature": HERE}}}],
        [{"reasoningContent": {"redactedContent": HERE}}],
        [tool_result({"image": MEDIA})],
        [{"cachePoint": {"type": "default"}}],
    ],
)
def test_media_and_what_is_opaque_are_left_as_they_are(blocks):
    asked = conversation(**of_blocks(*blocks))
    before = encode(asked)
    mask = mask_of(RULES)
    for _ in rewrite(asked, mask.hide, mask.hide_json):
        pass
    assert encode(asked) == before
    assert not any(HERE in text for several in texts_of(asked) for text in several)


def test_words_of_the_protocol_and_of_schemas_are_left_as_they_are():
    asked = conversation(
        **tool(
            {
                "type": "object",
                "properties": {"a": {"type": ["string", "null"], "format": "email", "pattern": HERE}},
            }
        )
    )
    before = encode(asked)
    for _ in rewrite(asked, str.upper, lambda value: value):
        pass
    schema = asked.tool_config.tools[0].tool_spec.input_schema.json
    assert schema == {
        "type": "object",
        "properties": {"A": {"type": ["string", "null"], "format": "email", "pattern": HERE}},
    }
    assert encode(asked) != before


def test_names_of_documents_and_metadata_hold_only_what_bedrock_takes():
    asked = conversation(
        **of_blocks(BLOCKS["document name"]), requestMetadata={"who": HERE, "of": "team <a>"}
    )
    mask = mask_of(RULES)
    for _ in rewrite(asked, mask.hide, mask.hide_json):
        pass
    name = asked.messages[0].content[0].document["name"]
    assert name.startswith("of [EMAIL-ADDRESS-")
    assert not set("<>_@") & set(name)
    assert asked.request_metadata["who"].startswith("EMAIL_ADDRESS_")
    assert not set("<>") & set("".join(asked.request_metadata.values()))


def test_what_has_nothing_in_it_is_left_as_it_is():
    asked = conversation(
        **of_blocks({"document": {"format": "txt", "name": "a_<b>", "source": {"text": "x"}}}),
        requestMetadata={"a": "<b>"},
    )
    before = encode(asked)
    mask = mask_of(RULES)
    for _ in rewrite(asked, mask.hide, mask.hide_json):
        pass
    assert encode(asked) == before


def test_each_string_of_json_is_changed_names_included():
    value = {"a": ["b", {"c": "d", "n": 1}], "t": True, "o": None}
    assert each_string(value, str.upper) == {"A": ["B", {"C": "D", "N": 1}], "T": True, "O": None}


def test_steps_are_many_so_that_other_calls_get_their_turn():
    asked = conversation(**of_blocks(*({"text": str(number)} for number in range(50))))
    assert sum(1 for _ in rewrite(asked, str, lambda value: value)) >= 50
