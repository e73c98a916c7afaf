"""Rules of the order of messages, of texts, and of who may say what."""

import itertools

from embedded.simulator.reply_blocks import signature_of
from embedded.simulator.shapes import mapping, string
from embedded.simulator.strict.asked import Asked
from embedded.simulator.strict.rule import NOTHING, Found, Rule, found

_FROM_ASSISTANTS = {"toolUse": "tool_use", "reasoningContent": "thinking", "citationsContent": "citations"}
_FROM_USERS = ("image", "document", "video", "audio", "searchResult")


def starts_with_user(asked: Asked) -> Found | None:
    said = [message for message in asked.messages if message.role != "system"]
    return found(not said or said[0].role != "user" or asked.messages[0].role == "system")


def alternates(asked: Asked) -> Found | None:
    roles = [message.role for message in asked.messages if message.role != "system"]
    return found(any(before == after for before, after in itertools.pairwise(roles)))


def has_content(asked: Asked) -> Found | None:
    for position, message in enumerate(asked.messages):
        if not message.blocks:
            return {"path": f"messages.{position}", "position": position}
    return None


def blank_text(asked: Asked) -> Found | None:
    for block in asked.of("text"):
        if not string(block.value).strip():
            return {"kind": "ContentBlock", "path": block.path}
    for index, (kind, value) in enumerate(asked.system):
        if kind == "text" and not string(value).strip():
            return {"kind": "SystemContentBlock", "path": f"system.{index}"}
    for path, text in asked.inner("text"):
        if not string(text).strip():
            return {"kind": "ToolResultContentBlock", "path": path}
    return None


def trailing_space(asked: Asked) -> Found | None:
    if not asked.is_claude or not asked.messages or asked.messages[-1].role != "assistant":
        return None
    last = asked.messages[-1].blocks[-1:]
    return found(last and last[0].kind == "text" and last[0].value != string(last[0].value).rstrip())


def tool_use_of_user(asked: Asked) -> Found | None:
    for kind, told in _FROM_ASSISTANTS.items():
        for block in asked.of(kind):
            if block.role != "assistant":
                return {"path": block.path, "told": told}
    return None


def tool_result_of_assistant(asked: Asked) -> Found | None:
    return next(({"path": block.path} for block in asked.of("toolResult") if block.role != "user"), None)


def media_of_assistant(asked: Asked) -> Found | None:
    for kind in _FROM_USERS:
        for block in asked.of(kind):
            if block.role != "user":
                return {"kind": kind, "role": block.role}
    return None


def prefilled(asked: Asked) -> Found | None:
    if asked.can.prefill or not asked.messages:
        return None
    if asked.messages[-1].role == "assistant":
        return NOTHING
    for message in asked.messages:
        kinds = [block.kind for block in message.blocks]
        if "toolUse" in kinds and "text" in kinds[kinds.index("toolUse") :]:
            return NOTHING
    return None


def changed_reasoning(asked: Asked) -> Found | None:
    for block in asked.of("reasoningContent"):
        said = mapping(mapping(block.value).get("reasoningText"))
        if said.get("signature") is not None and said["signature"] != signature_of(string(said.get("text"))):
            return {"path": block.path}
    return None


def unsigned_reasoning(asked: Asked) -> Found | None:
    for block in asked.of("reasoningContent") if asked.is_claude else ():
        said = mapping(block.value).get("reasoningText")
        if said is not None and mapping(said).get("signature") is None:
            return {"path": block.path}
    return None


ORDER = (
    Rule(
        "starts with a user",
        "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        "AWS user guide: Converse API",
        starts_with_user,
    ),
    Rule(
        "roles alternate",
        "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between "
        "user and assistant roles and try again.",
        "AWS user guide: Converse API",
        alternates,
    ),
    Rule(
        "content",
        "The content field in the Message object at {path} is empty. Add a ContentBlock object to the content field and "
        "try again.",
        "AWS API reference: Message",
        has_content,
    ),
    Rule(
        "blank text",
        "The text field in the {kind} object at {path} is blank. Add text to the text field, and try again.",
        "OpenHands/OpenHands#5339; hermes-agent#55093 (in results of tools)",
        blank_text,
    ),
    Rule(
        "media from users only",
        "This model doesn't support the {kind} field for {role} messages. Remove {kind} and try again.",
        "botocore bedrock-runtime: Message (images and documents only if the role is user)",
        media_of_assistant,
    ),
)
OF_MODELS = (
    Rule(
        "calls from assistants only",
        "{path}: `{told}` blocks can only be in `assistant` messages",
        "Anthropic API: Messages; hermes-agent#108209",
        tool_use_of_user,
        by_model=True,
    ),
    Rule(
        "results from users only",
        "{path}: `tool_result` blocks can only be in `user` messages",
        "Anthropic API: Messages",
        tool_result_of_assistant,
        by_model=True,
    ),
    Rule(
        "no prefill",
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        "Anthropic API docs: Prefill (none from Claude 4.6 on); hermes-agent#108209 (text behind a call)",
        prefilled,
        by_model=True,
    ),
    Rule(
        "white space at the end",
        "messages: final assistant content cannot end with trailing whitespace",
        "Anthropic API: Messages",
        trailing_space,
        by_model=True,
    ),
    Rule(
        "reasoning is signed",
        "{path}.thinking.signature: Field required",
        "Anthropic API docs: Extended thinking",
        unsigned_reasoning,
        by_model=True,
    ),
    Rule(
        "reasoning unchanged",
        "{path}: Invalid `signature` in `thinking` block",
        "Anthropic API docs: Extended thinking",
        changed_reasoning,
        by_model=True,
    ),
)
