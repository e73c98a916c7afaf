"""The body of Converse and ConverseStream: held to the rules of `strict`, and read into a turn."""

from typing import Any

from embedded.simulator.errors import invalid
from embedded.simulator.media import add_document, add_image, add_recording
from embedded.simulator.models import SimulatedModel, require_text
from embedded.simulator.schema_text import parse_schema
from embedded.simulator.shapes import dumps, mapping, sequence, string
from embedded.simulator.strict.asked import Asked, asked_by_converse
from embedded.simulator.strict.rule import hold_to
from embedded.simulator.strict.rules import CONVERSE, CONVERSE_LENIENT
from embedded.simulator.strict.tools import asks_for_citations
from embedded.simulator.turns import (
    MESSAGE_OVERHEAD,
    TOOLS_OVERHEAD,
    SimulatedTool,
    SimulatedTurn,
)


def read_turn(
    body: dict[str, Any], *, model: SimulatedModel, model_id: str, region: str, lenient: bool = False
) -> SimulatedTurn:
    """The turn a body asks for, not yet weighed. Raises AwsError (400, 403)."""
    require_text(model)
    asked = asked_by_converse(body, model)
    hold_to(CONVERSE_LENIENT if lenient else CONVERSE, asked)
    turn = SimulatedTurn(model, model_id, region)
    messages = [mapping(message) for message in sequence(body.get("messages"))]
    turn.max_tokens = asked.max_tokens
    turn.stop_sequences = asked.stop_sequences
    turn.thinks = asked.thinks
    turn.field_paths = [string(path) for path in sequence(body.get("additionalModelResponseFieldPaths"))]
    turn.cites = asks_for_citations(asked)
    _read_tools(mapping(body.get("toolConfig")), asked, turn)
    _read_format(mapping(mapping(body.get("outputConfig")).get("textFormat")), turn)
    for block in sequence(body.get("system")):
        _read_block(mapping(block), turn)
    for message in messages:
        turn.prompt.add(message["role"], MESSAGE_OVERHEAD)
        for block in sequence(message.get("content")):
            _read_block(mapping(block), turn)
    _note_cache_lifetimes(asked, turn)
    _note_last_message(messages, turn)
    turn.echoed = {name: body[name] for name in ("performanceConfig", "serviceTier") if body.get(name)}
    turn.guardrail = mapping(body.get("guardrailConfig"))
    return turn


def hold_to_streaming(turn: SimulatedTurn) -> None:
    """Raises AwsError (400) where the model can't answer this as a stream (earendil-works/pi#3739, n8n-io/n8n#14206)."""
    can = turn.model.capabilities
    if not can.streaming:
        raise invalid("This model doesn't support streaming.")
    if turn.tools and not can.streamed_tools:
        raise invalid("This model doesn't support tool use in streaming mode.")


def _read_tools(config: dict[str, Any], asked: Asked, turn: SimulatedTurn) -> None:
    entries = sequence(config.get("tools"))
    if entries:
        turn.prompt.add("", TOOLS_OVERHEAD)
    for entry in map(mapping, entries):
        if "cachePoint" in entry:
            turn.prompt.mark_cache_point()
        elif "toolSpec" in entry:
            turn.prompt.add(dumps(entry["toolSpec"]))
    turn.tools = [SimulatedTool(tool.name, mapping(tool.schema)) for tool in asked.tools]
    choice = asked.tool_choice or "auto"
    turn.tool_choice = ("tool", asked.chosen_tool) if choice == "tool" else choice


def _read_format(text_format: dict[str, Any], turn: SimulatedTurn) -> None:
    if text_format:
        definition = mapping(mapping(text_format.get("structure")).get("jsonSchema"))
        turn.schema = parse_schema(string(definition.get("schema")))
        turn.prompt.add(dumps(definition))


def _note_cache_lifetimes(asked: Asked, turn: SimulatedTurn) -> None:
    """The longest that is asked for is told of all: the simulator keeps one beginning, not one for each lifetime."""
    if any(point.ttl == "1h" for point in asked.cache_points):
        turn.cache_lifetime = "1h"


def _read_block(block: dict[str, Any], turn: SimulatedTurn) -> None:
    prompt = turn.prompt
    if "text" in block:
        prompt.add(string(block["text"]))
    elif "cachePoint" in block:
        prompt.mark_cache_point()
    elif "toolUse" in block or "toolResult" in block:
        _read_tool_block(block, turn)
    elif not _read_media(block, turn):
        prompt.add(dumps(block))


def _read_tool_block(block: dict[str, Any], turn: SimulatedTurn) -> None:
    if "toolUse" in block:
        turn.prompt.add(dumps(block["toolUse"]))
        return
    for part in map(mapping, sequence(mapping(block["toolResult"]).get("content"))):
        if not _read_media(part, turn):
            turn.prompt.add(_result_text(part))


def _read_media(block: dict[str, Any], turn: SimulatedTurn) -> bool:
    """Adds an image, a document or a recording; says whether the block was one."""
    if "image" in block:
        add_image(turn, mapping(mapping(block["image"]).get("source")).get("bytes"))
    elif "document" in block:
        _read_document(mapping(block["document"]), turn)
    elif "video" in block or "audio" in block:
        recording = mapping(block.get("video") or block.get("audio"))
        add_recording(turn, mapping(recording.get("source")).get("bytes"))
    elif "guardContent" in block:
        guarded = mapping(block["guardContent"])
        if "text" not in guarded:
            return _read_media(guarded, turn)
        turn.prompt.add(string(mapping(guarded["text"]).get("text")))
    else:
        return False
    return True


def _read_document(document: dict[str, Any], turn: SimulatedTurn) -> None:
    source = mapping(document.get("source"))
    texts = [source["text"]] if "text" in source else []
    texts += [mapping(part).get("text") for part in sequence(source.get("content"))]
    name = string(document.get("name"))
    if texts:
        turn.prompt.add("\n".join((name, *map(string, texts))))
        return
    # Claude looks at pages where it is to cite them, and reads their text alone elsewhere.
    seen = turn.model.speaks_anthropic and bool(mapping(document.get("citations")).get("enabled"))
    add_document(turn, name, source.get("bytes"), string(document.get("format")), seen=seen)


def _result_text(part: dict[str, Any]) -> str:
    return string(part["text"]) if "text" in part else dumps(part.get("json", part))


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
