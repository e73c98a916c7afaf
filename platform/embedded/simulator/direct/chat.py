"""The body of a chat completion, read into a turn."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

import orjson

from embedded.simulator.direct.chat_rules import check_chat
from embedded.simulator.direct.errors import invalid
from embedded.simulator.direct.models import DirectModel
from embedded.simulator.direct.search_rules import check_search
from embedded.simulator.media import add_document, add_image
from embedded.simulator.turns import MESSAGE_OVERHEAD, TOOLS_OVERHEAD, SimulatedTool, SimulatedTurn

_CHOICES = {"required": "any", "none": "none", "auto": "auto"}


def read_chat_turn(body: dict[str, Any], model: DirectModel, provider: str) -> SimulatedTurn:
    """The turn a body asks for, weighed. Raises DirectError (400)."""
    if model.model.kind != "text":
        raise invalid(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
            param="model",
        )
    (check_search if provider == "perplexity" else check_chat)(body, model)
    turn = SimulatedTurn(model.model, model.name, provider)
    turn.max_tokens = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop")
    turn.stop_sequences = [stop] if isinstance(stop, str) else list(stop or ())
    _read_tools(body, turn)
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        turn.schema = form["json_schema"]["schema"]
        turn.prompt.add(orjson.dumps(form).decode())
    for message in body["messages"]:
        _read_message(message, turn)
    turn.input_tokens = turn.prompt.tokens()
    if turn.input_tokens > model.model.context_window:
        raise invalid(
            f"This model's maximum context length is {model.model.context_window} tokens. However, your messages resulted in "
            f"{turn.input_tokens} tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )
    return turn


def _read_tools(body: dict[str, Any], turn: SimulatedTurn) -> None:
    for tool in body.get("tools") or ():
        function = tool["function"]
        if not turn.tools:
            turn.prompt.add("", TOOLS_OVERHEAD)
        turn.prompt.add(orjson.dumps(function).decode())
        turn.tools.append(SimulatedTool(function["name"], function.get("parameters") or {"type": "object"}))
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        turn.tool_choice = "tool", choice["function"]["name"]
    elif choice is not None:
        turn.tool_choice = _CHOICES[choice]


def _read_message(message: dict[str, Any], turn: SimulatedTurn) -> None:
    turn.prompt.add(message["role"], MESSAGE_OVERHEAD)
    content = message.get("content")
    parts: list[dict[str, Any]] = (
        content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    )
    texts: list[str] = []
    for part in parts:
        if part["type"] == "text":
            texts.append(part["text"])
            turn.prompt.add(part["text"])
        elif part["type"] == "image_url":
            add_image(turn, part["image_url"]["url"].partition(",")[2])
        else:
            data = part["file"]["file_data"].partition(",")[2]
            add_document(turn, part["file"]["filename"], _base64(data), "pdf", seen=True)
    for call in message.get("tool_calls") or ():
        turn.prompt.add(orjson.dumps(call["function"]).decode())
    text = "\n".join(texts)
    if message["role"] == "user" and text:
        turn.last_user_text = text
    if message["role"] == "tool":
        turn.tool_results.append(text)
    else:
        turn.tool_results = []
    turn.prompt.mark_cache_point()


def _base64(data: str) -> str:
    try:
        b64decode(data, validate=True)
    except (Base64Error, ValueError):
        raise invalid("Invalid file data.") from None
    return data
