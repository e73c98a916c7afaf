"""The body of Converse and ConverseStream: read into a turn, checked as Bedrock checks it."""

import itertools
from typing import Any

from embedded.simulator.errors import constraint, invalid
from embedded.simulator.models import SimulatedModel, require_text
from embedded.simulator.replies import signature_of
from embedded.simulator.schema_text import parse_schema
from embedded.simulator.shapes import base64_size, dumps, integer, mapping, number, sequence, string
from embedded.simulator.turns import (
    MESSAGE_OVERHEAD,
    TOOLS_OVERHEAD,
    SimulatedPrompt,
    SimulatedTool,
    SimulatedTurn,
)

_MAX_STOP_SEQUENCES = 2500


def read_turn(body: dict[str, Any], *, model: SimulatedModel, model_id: str, region: str) -> SimulatedTurn:
    """The turn a body asks for. Raises AwsError (400)."""
    require_text(model)
    turn = SimulatedTurn(model, model_id, region)
    messages = [mapping(message) for message in sequence(body.get("messages"))]
    _check_order(messages)
    _read_inference(mapping(body.get("inferenceConfig")), turn)
    thinking = mapping(mapping(body.get("additionalModelRequestFields")).get("thinking"))
    turn.thinks = thinking.get("type") in ("enabled", "adaptive")
    turn.tells_stop_sequence = "/stop_sequence" in sequence(body.get("additionalModelResponseFieldPaths"))
    _read_tools(mapping(body.get("toolConfig")), turn)
    _read_format(mapping(mapping(body.get("outputConfig")).get("textFormat")), turn)
    for position, block in enumerate(sequence(body.get("system"))):
        _read_block(mapping(block), f"system.{position}", "SystemContentBlock", turn)
    for position, message in enumerate(messages):
        _read_message(message, position, turn)
    _check_tool_results(messages, turn)
    _note_last_message(messages, turn)
    turn.weigh()
    return turn


def _check_order(messages: list[dict[str, Any]]) -> None:
    for position, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            raise constraint(
                message.get("role"),
                f"messages.{position + 1}.member.role",
                "satisfy enum value set: [user, assistant]",
            )
    if not messages or messages[0]["role"] != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            raise invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation "
                "alternates between user and assistant roles and try again."
            )


def _read_inference(config: dict[str, Any], turn: SimulatedTurn) -> None:
    turn.max_tokens = integer(config.get("maxTokens"))
    if turn.max_tokens is not None and turn.max_tokens < 1:
        raise constraint(
            turn.max_tokens, "inferenceConfig.maxTokens", "have value greater than or equal to 1"
        )
    check_model_limit(turn)
    for name in ("temperature", "topP"):
        value = number(config.get(name))
        if value is not None and not 0 <= value <= 1:
            rule = "less than or equal to 1" if value > 1 else "greater than or equal to 0"
            raise constraint(value, f"inferenceConfig.{name}", f"have value {rule}")
    turn.stop_sequences = [string(text) for text in sequence(config.get("stopSequences"))]
    if len(turn.stop_sequences) > _MAX_STOP_SEQUENCES:
        raise constraint(
            turn.stop_sequences, "inferenceConfig.stopSequences", "have length less than or equal to 2500"
        )
    if "" in turn.stop_sequences:
        raise constraint("[]", "inferenceConfig.stopSequences", "have length greater than or equal to 1")


def check_model_limit(turn: SimulatedTurn) -> None:
    """Raises AwsError (400) where more output is asked for than the model can give."""
    limit = turn.model.max_output_tokens
    if limit is not None and turn.max_tokens is not None and turn.max_tokens > limit:
        raise invalid(
            f"The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens "
            f"value that is lower than {limit}."
        )


def _read_tools(config: dict[str, Any], turn: SimulatedTurn) -> None:
    entries = sequence(config.get("tools"))
    if config and not entries:
        raise constraint("[]", "toolConfig.tools", "have length greater than or equal to 1")
    if entries:
        turn.prompt.add("", TOOLS_OVERHEAD)
    for entry in map(mapping, entries):
        if "cachePoint" in entry:
            turn.prompt.mark_cache_point()
        elif "toolSpec" in entry:
            spec = mapping(entry["toolSpec"])
            turn.prompt.add(dumps(spec))
            schema = mapping(mapping(spec.get("inputSchema")).get("json"))
            if schema.get("type") != "object":
                raise invalid(
                    f"The value at toolConfig.tools.{len(turn.tools)}.toolSpec.inputSchema.json.type must be one of "
                    "the following: object."
                )
            turn.tools.append(SimulatedTool(string(spec.get("name")), schema))
    turn.tool_choice = _tool_choice(mapping(config.get("toolChoice")), turn.tools)


def _tool_choice(choice: dict[str, Any], tools: list[SimulatedTool]) -> str | tuple[str, str]:
    if "any" in choice:
        return "any"
    if "tool" not in choice:
        return "auto"
    name = string(mapping(choice["tool"]).get("name"))
    if name not in {tool.name for tool in tools}:
        raise invalid(f"Tool '{name}' not found in provided tools.")
    return "tool", name


def _read_format(text_format: dict[str, Any], turn: SimulatedTurn) -> None:
    if not text_format:
        return
    if text_format.get("type") != "json_schema":
        raise constraint(
            text_format.get("type"), "outputConfig.textFormat.type", "satisfy enum value set: [json_schema]"
        )
    definition = mapping(mapping(text_format.get("structure")).get("jsonSchema"))
    turn.schema = parse_schema(string(definition.get("schema")))
    turn.prompt.add(dumps(definition))


def _read_message(message: dict[str, Any], position: int, turn: SimulatedTurn) -> None:
    blocks = sequence(message.get("content"))
    if not blocks:
        raise invalid(
            f"The content field in the Message object at messages.{position} is empty. Add a ContentBlock object to "
            "the content field and try again."
        )
    turn.prompt.add(message["role"], MESSAGE_OVERHEAD)
    for index, block in enumerate(blocks):
        _read_block(mapping(block), f"messages.{position}.content.{index}", "ContentBlock", turn)


def _read_block(block: dict[str, Any], path: str, kind: str, turn: SimulatedTurn) -> None:
    prompt = turn.prompt
    if "text" in block:
        text = string(block["text"])
        if not text.strip():
            raise invalid(
                f"The text field in the {kind} object at {path} is blank. Add text to the text field, and try again."
            )
        prompt.add(text)
    elif "cachePoint" in block:
        prompt.mark_cache_point()
    elif "toolUse" in block or "toolResult" in block:
        if not turn.tools:
            raise invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks."
            )
        _read_tool_block(block, prompt)
    elif not _read_media(block, prompt):
        _check_reasoning(mapping(mapping(block.get("reasoningContent")).get("reasoningText")), path)
        prompt.add(dumps(block))


def _check_reasoning(said: dict[str, Any], path: str) -> None:
    """Reasoning must come back unchanged."""
    if "signature" in said and said["signature"] != signature_of(string(said.get("text"))):
        raise invalid(f"{path}: Invalid `signature` in `thinking` block")


def _read_tool_block(block: dict[str, Any], prompt: SimulatedPrompt) -> None:
    if "toolUse" in block:
        prompt.add(dumps(block["toolUse"]))
        return
    for part in map(mapping, sequence(mapping(block["toolResult"]).get("content"))):
        if not _read_media(part, prompt):
            prompt.add(_result_text(part))


def _read_media(block: dict[str, Any], prompt: SimulatedPrompt) -> bool:
    """Adds an image or a document; says whether the block was one."""
    if "image" in block:
        source = mapping(mapping(block["image"]).get("source"))
        prompt.add_image(base64_size(source.get("bytes")))
    elif "document" in block:
        document = mapping(block["document"])
        source = mapping(document.get("source"))
        prompt.add_document(string(document.get("name")), base64_size(source.get("bytes")))
        if "text" in source:
            prompt.add(string(source["text"]))
    else:
        return False
    return True


def _result_text(part: dict[str, Any]) -> str:
    return string(part["text"]) if "text" in part else dumps(part.get("json", part))


def _check_tool_results(messages: list[dict[str, Any]], turn: SimulatedTurn) -> None:
    """Every call of a tool is answered in the next message, and nothing else is."""
    if not turn.tools:
        return
    for position, (before, after) in enumerate(itertools.pairwise(messages), start=1):
        asked = _ids(before, "toolUse")
        answered = _ids(after, "toolResult")
        missing = [name for name in asked if name not in answered]
        if missing:
            raise invalid(
                f"Expected toolResult blocks at messages.{position}.content for the following Ids: "
                f"{', '.join(missing)}"
            )
        if len(answered) > len(asked):
            raise invalid(
                f"The number of toolResult blocks at messages.{position}.content exceeds the number of toolUse "
                "blocks of previous turn."
            )


def _ids(message: dict[str, Any], kind: str) -> list[str]:
    blocks = (mapping(block) for block in sequence(message.get("content")))
    return [string(mapping(block[kind]).get("toolUseId")) for block in blocks if kind in block]


def _note_last_message(messages: list[dict[str, Any]], turn: SimulatedTurn) -> None:
    """What the user said last, and the results of tools if the last message has any."""
    for message in reversed(messages):
        texts = [string(block["text"]) for block in map(mapping, message["content"]) if "text" in block]
        if message["role"] == "user" and texts:
            turn.last_user_text = "\n".join(texts)
            break
    for block in map(mapping, messages[-1]["content"]):
        if "toolResult" in block:
            parts = map(mapping, sequence(mapping(block["toolResult"]).get("content")))
            turn.tool_results.append(" ".join(_result_text(p) for p in parts if "text" in p or "json" in p))
