"""PURE: every text of a conversation that a model could read, to be looked at or changed in its place."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from gateway.conversation import Block, Conversation, Json, ToolResultBlock
from gateway.refusals import Refusal
from gateway.wire import text_documents
from kernel.digits import digits_of

Change = Callable[[str], str]
ChangeJson = Callable[[Any], Any]

_OPAQUE = frozenset({"bytes", "format", "signature", "redactedContent", "type", "pattern", "$ref"})
"""Members whose values are no text: media, words of the protocol, and of JSON Schema what a placeholder would break."""
_NAMING = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentRequired", "dependentSchemas"}
)
"""Members of JSON Schema whose own members have names of a caller's making."""
_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)  # fmt: skip
"""Members of JSON Schema that must be numbers."""
_VOCABULARY = _NAMING | frozenset(
    {
        "type", "items", "required", "enum", "const", "description", "title", "default", "examples", "anyOf", "oneOf", "allOf",
        "not", "additionalProperties", "minimum", "maximum", "format", "pattern", "minLength", "maxLength", "minItems", "maxItems",
        "uniqueItems", "$ref", "$schema", "$id", "nullable", "strict",
    }
)  # fmt: skip
"""Names of a schema's own; all others are of a caller's making."""
_OF_DOCUMENTS = str.maketrans("<>_#", "[]--")
_OF_METADATA = str.maketrans("", "", "<>")
"""Bedrock takes few signs in a document's name and in metadata: a placeholder is written there with those it takes."""


def rewrite(conversation: Conversation, change: Change, change_json: ChangeJson) -> Iterator[None]:
    """Puts `change` of each text, and `change_json` of each free JSON value, in its place, a step at a time.

    System prompts, messages, tool definitions, arguments and results, documents and metadata are all in it.
    """
    for system in conversation.system or ():
        if system.text is not None:
            system.text = change(system.text)
        elif system.guard_content is not None:
            system.guard_content = _members(system.guard_content, change)
        yield
    for message in conversation.messages:
        for block in message.content:
            if block.text is not None:
                block.text = change(block.text)
            else:
                _rewrite_block(block, change, change_json)
            yield
    if conversation.tool_config is not None:
        for tool in conversation.tool_config.tools:
            if (spec := tool.tool_spec) is not None:
                spec.description = None if spec.description is None else change(spec.description)
                spec.input_schema.json = _schema(spec.input_schema.json, change)
            yield
    if (inference := conversation.inference_config) is not None and inference.stop_sequences is not None:
        inference.stop_sequences = [change(text) for text in inference.stop_sequences]
    if conversation.output_config is not None:
        conversation.output_config = _output_config(conversation.output_config, change)
    if conversation.additional_model_request_fields is not None:
        conversation.additional_model_request_fields = change_json(
            conversation.additional_model_request_fields
        )
    if conversation.request_metadata is not None:
        metadata: dict[str, str] = change_json(conversation.request_metadata)
        if metadata != conversation.request_metadata:
            conversation.request_metadata = {
                name.translate(_OF_METADATA): text.translate(_OF_METADATA) for name, text in metadata.items()
            }


def _output_config(config: Json, change: Change) -> Json:
    """What the answer is to look like. Its schema is JSON in a text, which must stay JSON."""
    text_format = config.get("textFormat")
    structure = text_format.get("structure") if isinstance(text_format, dict) else None
    wanted = structure.get("jsonSchema") if isinstance(structure, dict) else None
    text = wanted.get("schema") if isinstance(wanted, dict) else None
    changed = _members(config, lambda each: each if each is text else change(each))
    if isinstance(text, str):
        changed["textFormat"]["structure"]["jsonSchema"]["schema"] = _schema_text(text, change)
    return changed


def _schema_text(text: str, change: Change) -> str:
    try:
        schema = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return change(text)  # it is refused, or passed on as it is
    changed = _schema(schema, change)
    if changed == schema:
        return text
    if _has_hidden_number(schema, changed):
        raise Refusal(
            "invalid_request",
            "The schema of the answer holds a number that is somebody's personal data. A text in its place would be no number: take "
            "it out of the schema, and check it yourself.",
        )
    return msgspec.json.encode(changed).decode()


def _has_hidden_number(before: object, after: object) -> bool:
    """Whether a text stands where a number was."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(map(_has_hidden_number, before.values(), after.values()))
    if isinstance(before, list) and isinstance(after, list):
        return any(map(_has_hidden_number, before, after))
    return isinstance(before, int | float) and isinstance(after, str)


def texts_of(conversation: Conversation) -> Iterator[list[str]]:
    """All texts, some at a time."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    for _ in rewrite(conversation, note, lambda value: each_string(value, note)):
        yield seen.copy()
        seen.clear()
    yield seen


def _rewrite_block(block: Block, change: Change, change_json: ChangeJson) -> None:
    if block.tool_use is not None:
        block.tool_use.input = change_json(block.tool_use.input)
    elif block.tool_result is not None:
        for part in block.tool_result.content:
            if part.text is not None:
                part.text = change(part.text)
            if part.json is not msgspec.UNSET:
                part.json = change_json(part.json)
            if part.document is not None:
                part.document = _document(part.document, change)
            if part.search_result is not None:
                part.search_result = _members(part.search_result, change)
    elif block.document is not None:
        block.document = _document(block.document, change)
    else:
        for name in ("guard_content", "citations_content", "search_result", "reasoning_content"):
            if (member := getattr(block, name)) is not None:
                setattr(block, name, _members(member, change))


def _members(value: Json, change: Change, *, numbers: bool = True) -> Json:
    return {
        name: member
        if name in _OPAQUE and not isinstance(member, dict)  # which may be of that name by chance
        else _any(member, change, numbers=numbers)
        for name, member in value.items()
    }


def _document(value: Json, change: Change) -> Json:
    changed = _with_text(_members(value, change), change)
    name = value.get("name")
    if isinstance(name, str) and changed["name"] != name:
        changed["name"] = changed["name"].translate(_OF_DOCUMENTS)
    return changed


def _with_text(document: Json, change: Change) -> Json:
    """A document of our own making, with `change` of its text where that is sent as bytes."""
    source = document.get("source")
    if (
        isinstance(source, dict)
        and document.get("format") in text_documents.FORMATS
        and isinstance(source.get("bytes"), str)
    ):
        source["bytes"] = text_documents.changed(source["bytes"], change)
    return document


def _schema(value: object, change: Change) -> object:
    """A JSON Schema with its texts changed, and the names that it gives to members."""
    if isinstance(value, list):
        return [_schema(member, change) for member in value]
    if not isinstance(value, dict):
        return _any(value, change)
    return {
        name if name in _VOCABULARY else change(name): {
            change(own): _schema(inner, change) for own, inner in member.items()
        }
        if name in _NAMING and isinstance(member, dict)
        else member
        if name in _OPAQUE and not isinstance(member, dict)
        else _schema(member, change)
        for name, member in value.items()
        if name not in _BOUNDS or _number(member, change) == member  # a bound can be left out, and be no text
    }


def _any(value: object, change: Change, *, numbers: bool = True) -> object:
    if isinstance(value, dict):
        return _members(value, change, numbers=numbers)
    if isinstance(value, list):
        return [_any(member, change, numbers=numbers) for member in value]
    if isinstance(value, str):
        return change(value)
    return _number(value, change) if numbers else value


def _number(value: object, change: Change) -> object:
    """A number that is long enough to be somebody's, as the text that takes its place; itself where none does."""
    digits = digits_of(value)
    changed = change(digits) if digits else ""
    return value if changed == digits else changed


def each_string(value: Any, change: Change) -> Any:
    """A JSON value with `change` of every string in it, names of members included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): each_string(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [each_string(member, change) for member in value]
    return value


Untrusted = Callable[[str, str], str]
"""(where the text comes from: user, document or tool; the text) to what takes its place."""


def rewrite_untrusted(conversation: Conversation, change: Untrusted) -> Iterator[None]:
    """Puts `change` of every text in its place that did not come from the application itself, a step at a time."""
    for message in conversation.messages:
        if message.role != "user":
            continue
        for block in message.content:
            if block.text is not None:
                block.text = change("user", block.text)
            elif block.tool_result is not None:
                _rewrite_result(block, change)
            _rewrite_documents(block, ("document", "search_result", "guard_content"), change)
            yield


def _rewrite_result(block: Block, change: Untrusted) -> None:
    assert block.tool_result is not None
    for part in block.tool_result.content:
        if part.text is not None:
            part.text = change("tool", part.text)
        if isinstance(part.json, dict | list | str):
            part.json = _any(part.json, partial(change, "tool"), numbers=False)
        _rewrite_documents(part, ("document", "search_result"), change)


def _rewrite_documents(holder: Block | ToolResultBlock, names: tuple[str, ...], change: Untrusted) -> None:
    of_document = partial(change, "document")
    for name in names:
        if (member := getattr(holder, name)) is not None:
            changed = _members(member, of_document, numbers=False)
            setattr(holder, name, _with_text(changed, of_document) if name == "document" else changed)


def mark_block(block: Block, change: Untrusted) -> None:
    """Puts `change` of the texts that a model reads in the place of a user's block, of a tool's result, and of what documents
    say. What is cited from stays: places in it are counted by its letters."""
    if block.text is not None:
        block.text = change("user", block.text)
    elif block.tool_result is not None:
        for part in block.tool_result.content:
            if part.text is not None:
                part.text = change("tool", part.text)
            elif part.document is not None:
                part.document = _marked_document(part.document, change)
    elif block.document is not None:
        block.document = _marked_document(block.document, change)


def _marked_document(document: Json, change: Untrusted) -> Json:
    source = document.get("source")
    if not isinstance(source, dict) or (document.get("citations") or {}).get("enabled"):
        return document
    if isinstance(source.get("text"), str):
        return document | {"source": source | {"text": change("document", source["text"])}}
    if isinstance(source.get("content"), list):
        pieces = [
            piece | {"text": change("document", piece["text"])} if isinstance(piece, dict) and isinstance(piece.get("text"), str) else piece
            for piece in source["content"]
        ]  # fmt: skip
        return document | {"source": source | {"content": pieces}}
    return document
