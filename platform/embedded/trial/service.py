"""Probes of the service itself: ids, members, metadata, and the other operations."""

from typing import Any

from embedded.trial.bodies import FEW, Body, body, user
from embedded.trial.probe import ANTHROPIC, SHAPES, Probe

BASELINE = Probe("plain chat", "a text, maxTokens 8", body(), "")
"""What must be answered: without it the others say nothing."""


def _counted() -> Body:
    asked = body()
    return {"input": {"converse": {"messages": asked["messages"]}}}


def _anthropic(**more: Any) -> Body:
    said = [{"role": "user", "content": "Say OK."}]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": FEW, "messages": said, **more}


def _metadata(count: int) -> Body:
    return body(requestMetadata={f"key{number}": "value" for number in range(count)})


_BY_ID = "count_tokens_id"
SERVICE = (
    BASELINE,
    Probe("chat, streamed", "a text, in a stream", body(), "", operation="ConverseStream"),
    Probe("call by the model's id", "a text, by the id without a profile", body(), "", by_base_id=True),
    Probe("call by a profile's id", "a text, by the id of a profile", body(), "", by_profile=True),
    Probe("counting by the model's id", "CountTokens by the id without a profile", _counted(), "", "", _BY_ID,
          operation="CountTokens", by_base_id=True),
    Probe("counting by a profile's id", "CountTokens by the id of a profile", _counted(), "", "", _BY_ID,
          operation="CountTokens", by_profile=True),
    Probe("16 entries of metadata", "requestMetadata with 16 entries", _metadata(16), SHAPES),
    Probe("17 entries of metadata", "requestMetadata with 17 entries", _metadata(17), SHAPES),
    Probe("unknown member", "an unknown member of the body", body(gatehouseUnknown=1), SHAPES),
    Probe("unknown kind of block", "a block of an unknown kind beside a text", body(user("Say OK.", {"gatehouse": {}})), SHAPES),
    Probe("block of two kinds", "a block that is a text and a cachePoint",
          body(user({"text": "Say OK.", "cachePoint": {"type": "default"}})), SHAPES),
    Probe("null among members", "a system prompt that is null", body(system=None), SHAPES),
    Probe("service tier", "serviceTier default", body(serviceTier={"type": "default"}), SHAPES),
    Probe("performance", "performanceConfig standard", body(performanceConfig={"latency": "standard"}), SHAPES),
    Probe("InvokeModel", "Anthropic's body", _anthropic(), "", operation="InvokeModel", vendors=ANTHROPIC),
    Probe("InvokeModel, unknown member", "Anthropic's body with an unknown member", _anthropic(gatehouse_unknown=1),
          "unknown members", operation="InvokeModel", vendors=ANTHROPIC),
    Probe("InvokeModel, blank stop sequence", "Anthropic's body with a stop sequence of a line feed",
          _anthropic(stop_sequences=["\n"]), "blank stop sequences", operation="InvokeModel", vendors=ANTHROPIC),
)  # fmt: skip
