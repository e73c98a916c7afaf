"""Anthropic's own Messages: the body of InvokeModel with the model and the stream in it, held to the same rules."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.caching import SimulatedUsage
from embedded.simulator.direct.errors import DirectError, invalid
from embedded.simulator.direct.models import DirectModel
from embedded.simulator.errors import AwsError
from embedded.simulator.messages import read_messages_turn
from embedded.simulator.messages_answer import message_events, messages_response
from embedded.simulator.reply_blocks import SimulatedReply
from embedded.simulator.turns import SimulatedTurn

_ID = re.compile(r"[a-zA-Z0-9_-]+")
_OWN = ("model", "stream", "service_tier")
_BEDROCK = "bedrock-2023-05-31"
VERSIONS = ("2023-06-01", "2023-01-01")


def read_own_turn(body: dict[str, Any], model: DirectModel, betas: str) -> SimulatedTurn:
    """The turn a body asks for, weighed. Raises DirectError (400)."""
    for name in ("anthropic_version", "anthropic_beta"):
        if name in body:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if body.get("service_tier") not in (None, "auto", "standard_only"):
        raise invalid("service_tier: Input should be 'auto' or 'standard_only'")
    _check_ids(body)
    inner = {name: value for name, value in body.items() if name not in _OWN} | {
        "anthropic_version": _BEDROCK
    }
    if betas:
        inner["anthropic_beta"] = betas.split(",")
    most, asked = model.model.max_output_tokens, body.get("max_tokens")
    if isinstance(asked, int) and most is not None and asked > most:
        raise invalid(
            f"max_tokens: {asked} > {most}, which is the maximum allowed number of output tokens for {model.name}"
        )
    try:
        turn = read_messages_turn(inner, model=model.model, model_id=model.name, region="anthropic")
        turn.weigh(tells_tokens=True)
    except AwsError as error:
        words = error.message.removeprefix("The model returned the following errors: ")
        raise DirectError(400, "invalid_request_error", words) from None
    if b'"ttl":"1h"' in orjson.dumps(body):
        turn.cache_lifetime = "1h"
    return turn


def _check_ids(body: dict[str, Any]) -> None:
    """Of tools' calls. Source: maximhq/bifrost#5097, screenpipe/screenpipe#3252."""
    messages = body.get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        for place, block in enumerate(content if isinstance(content, list) else ()):
            if (
                isinstance(block, dict)
                and block.get("type") == "tool_use"
                and not _ID.fullmatch(str(block.get("id")))
            ):
                raise invalid(
                    f"messages.{number}.content.{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
                )


def own_response(
    reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn, model: DirectModel
) -> bytes:
    """The whole answer."""
    message = orjson.loads(messages_response(reply, usage, turn))
    return orjson.dumps(message | {"model": model.name, "usage": _with_lifetimes(message["usage"], usage)})


def own_events(
    reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn
) -> Iterator[tuple[int, bytes]]:
    """The events of a stream, each with the number of tokens generated before it."""
    for done, event in message_events(reply, usage, turn):
        if event["type"] == "message_start":
            event["message"]["usage"] = _with_lifetimes(event["message"]["usage"], usage)
        yield done, event_bytes(event)
        if event["type"] == "content_block_start":
            yield done, event_bytes({"type": "ping"})


def event_bytes(event: dict[str, Any]) -> bytes:
    """An event with its name."""
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event))


def _with_lifetimes(counts: dict[str, Any], usage: SimulatedUsage) -> dict[str, Any]:
    hour = usage.cache_write if usage.cache_lifetime == "1h" else 0
    written = {"ephemeral_5m_input_tokens": usage.cache_write - hour, "ephemeral_1h_input_tokens": hour}
    return counts | {"cache_creation": written, "service_tier": "standard"}
