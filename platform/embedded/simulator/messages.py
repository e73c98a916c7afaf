"""The Anthropic Messages body of InvokeModel: held to the rules of `strict`, and read into a turn."""

from typing import Any

from embedded.simulator.errors import invalid
from embedded.simulator.media import add_document, add_image
from embedded.simulator.models import SimulatedModel, require_text
from embedded.simulator.shapes import dumps, integer, mapping, number, sequence, string
from embedded.simulator.strict.anthropic import asked_by_messages, blocks_of
from embedded.simulator.strict.rule import hold_to
from embedded.simulator.strict.rules import MESSAGES, MESSAGES_LENIENT
from embedded.simulator.turns import (
    MESSAGE_OVERHEAD,
    TOOLS_OVERHEAD,
    SimulatedPrompt,
    SimulatedTool,
    SimulatedTurn,
)

_VERSION = "bedrock-2023-05-31"
_REQUIRED = ("anthropic_version", "max_tokens", "messages")
# Known to the Anthropic API, but not part of the body on Bedrock, where the path says them.
_FORBIDDEN = ("model", "stream")


def read_messages_turn(
    body: dict[str, Any], *, model: SimulatedModel, model_id: str, region: str, lenient: bool = False
) -> SimulatedTurn:
    """The turn a body asks for, not yet weighed. Raises AwsError (400, 403)."""
    require_text(model)
    if not model.speaks_anthropic:
        raise invalid(
            "Malformed input request: the simulator speaks the Anthropic Messages body alone on InvokeModel, for "
            "Anthropic models; use Converse for others."
        )
    _check_fields(body)
    asked = asked_by_messages(body, model)
    hold_to(MESSAGES_LENIENT if lenient else MESSAGES, asked)
    turn = SimulatedTurn(model, model_id, region)
    _read_inference(body, turn)
    _read_tools(body, turn)
    _read_format(body, turn)
    _read_system(body.get("system"), turn.prompt)
    messages = [mapping(message) for message in sequence(body["messages"])]
    for position, message in enumerate(messages):
        _read_message(message, position, turn)
    _note_last_message(messages, turn)
    turn.thinks = asked.thinks
    return turn


def _check_fields(body: dict[str, Any]) -> None:
    for name in _REQUIRED:
        if name not in body:
            raise invalid(f"{name}: Field required")
    for name in _FORBIDDEN:
        if name in body:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if body["anthropic_version"] != _VERSION:
        raise invalid("Invalid API version")
    if not body["messages"]:
        raise invalid("messages: at least one message is required")


def _read_inference(body: dict[str, Any], turn: SimulatedTurn) -> None:
    turn.max_tokens = integer(body["max_tokens"])
    if turn.max_tokens is None or turn.max_tokens < 1:
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    for name in ("temperature", "top_p"):
        value = number(body.get(name))
        if value is not None and not 0 <= value <= 1:
            raise invalid(f"{name}: range: 0..1")
    turn.stop_sequences = [string(text) for text in sequence(body.get("stop_sequences"))]


def _read_tools(body: dict[str, Any], turn: SimulatedTurn) -> None:
    entries = [mapping(entry) for entry in sequence(body.get("tools"))]
    if entries:
        turn.prompt.add("", TOOLS_OVERHEAD)
    for entry in entries:
        turn.prompt.add(dumps({name: value for name, value in entry.items() if name != "cache_control"}))
        if "input_schema" in entry:
            turn.tools.append(SimulatedTool(string(entry.get("name")), mapping(entry["input_schema"])))
        _mark(entry, turn.prompt)
    choice = mapping(body.get("tool_choice"))
    kind = choice.get("type", "auto")
    if kind == "tool":
        name = string(choice.get("name"))
        if name not in {tool.name for tool in turn.tools}:
            raise invalid(f"Tool '{name}' not found in provided tools")
        turn.tool_choice = "tool", name
    elif kind in ("auto", "any", "none"):
        turn.tool_choice = kind
    else:
        raise invalid(
            f"tool_choice: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        )


def _read_format(body: dict[str, Any], turn: SimulatedTurn) -> None:
    wanted = mapping(mapping(body.get("output_config")).get("format")) or mapping(body.get("output_format"))
    if not wanted:
        return
    if wanted.get("type") != "json_schema":
        raise invalid("output_config.format.type: Input should be 'json_schema'")
    turn.schema = mapping(wanted.get("schema"))
    turn.prompt.add(dumps(wanted))


def _read_system(system: Any, prompt: SimulatedPrompt) -> None:
    if isinstance(system, str):
        prompt.add(system)
        return
    for block in map(mapping, sequence(system)):
        prompt.add(string(block.get("text")))
        _mark(block, prompt)


def _read_message(message: dict[str, Any], position: int, turn: SimulatedTurn) -> None:
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise invalid(f"messages.{position}.role: Input should be 'user' or 'assistant'")
    if position == 0 and role != "user":
        raise invalid('messages: first message must use the "user" role')
    blocks = blocks_of(message)
    if not blocks:
        raise invalid(f"messages.{position}: all messages must have non-empty content")
    turn.prompt.add(str(role), MESSAGE_OVERHEAD)
    for block in blocks:
        _read_block(block, turn)
        _mark(block, turn.prompt)


def _read_block(block: dict[str, Any], turn: SimulatedTurn) -> None:
    kind = block.get("type")
    if kind == "text":
        text = string(block.get("text"))
        if not text:
            raise invalid("messages: text content blocks must be non-empty")
        if not text.strip():
            raise invalid("messages: text content blocks must contain non-whitespace text")
        turn.prompt.add(text)
    elif kind in ("image", "document"):
        _read_medium(block, turn)
    elif kind == "tool_result":
        turn.prompt.add(_result_text(block))
        for part in map(mapping, blocks_of(block)):
            if part.get("type") in ("image", "document"):
                _read_medium(part, turn)
    else:
        turn.prompt.add(dumps({name: value for name, value in block.items() if name != "cache_control"}))


def _read_medium(block: dict[str, Any], turn: SimulatedTurn) -> None:
    source = mapping(block.get("source"))
    if block.get("type") == "image":
        add_image(turn, source.get("data"))
    elif source.get("type") == "text":
        turn.prompt.add(string(source.get("data")))
    elif source.get("type") == "content":
        for part in map(mapping, blocks_of(source)):
            turn.prompt.add(string(part.get("text")))
    else:  # its pages are looked at, always: Anthropic API docs, PDF support
        add_document(turn, string(block.get("title")), source.get("data"), "pdf", seen=True)


def _result_text(block: dict[str, Any]) -> str:
    content = block.get("content")
    if isinstance(content, str):
        return content
    parts = [mapping(part) for part in sequence(content)]
    return " ".join(string(part["text"]) for part in parts if "text" in part)


def _mark(block: dict[str, Any], prompt: SimulatedPrompt) -> None:
    if block.get("cache_control"):
        prompt.mark_cache_point()


def _note_last_message(messages: list[dict[str, Any]], turn: SimulatedTurn) -> None:
    """What the user said last, and the results of tools if the last message has any."""
    for message in reversed(messages):
        texts = [string(block["text"]) for block in blocks_of(message) if block.get("type") == "text"]
        if message["role"] == "user" and texts:
            turn.last_user_text = "\n".join(texts)
            break
    results = [block for block in blocks_of(messages[-1]) if block.get("type") == "tool_result"]
    turn.tool_results = [_result_text(block) for block in results]
