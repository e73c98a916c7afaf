"""What it costs to hold a request against what a model can do: CPU of one fit, by kind of request."""

from dataclasses import dataclass
from time import process_time
from typing import Any

import msgspec

from gateway.catalogue.capability import Capability
from gateway.catalogue.rules import actions_of
from gateway.conversation import Conversation
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work

_SECONDS = 0.4
_ROUNDS = 5
_TEXT = "The committee met on Tuesday and left the second item of its list for later. " * 3
_CLAUDE = Capability(
    model_id="anthropic.claude-x", max_output_tokens=64_000, sampling="one", needs_results_first=True
)
_NEW_CLAUDE = Capability(
    model_id="anthropic.claude-y", max_output_tokens=64_000, sampling="none", supports_prefill=False,
    supports_structured_output=False,
)  # fmt: skip


@dataclass(frozen=True)
class Fitting:
    """Microseconds of CPU: the best of some rounds, as others use the machine, too."""

    name: str
    microseconds: float


def _chat(messages: int) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {
        "system": [{"text": "You are a careful assistant."}],
        "messages": [{"role": roles[n % 2], "content": [{"text": _TEXT}]} for n in range(messages)],
        "inferenceConfig": {"maxTokens": 1000, "temperature": 0.5},
    }


def _agent(turns: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"text": _TEXT}]}]
    for n in range(turns):
        use = {"toolUseId": f"call_{n}", "name": f"tool_{n % 25}", "input": {"path": "a/b"}}
        messages.append({"role": "assistant", "content": [{"text": "I will look."}, {"toolUse": use}]})
        result = {"toolUseId": f"call_{n}", "content": [{"text": _TEXT}]}
        messages.append({"role": "user", "content": [{"toolResult": result}]})
    tools = [
        {"toolSpec": {"name": f"tool_{n}", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
        for n in range(25)
    ]
    return {"messages": messages, "toolConfig": {"tools": tools}}


_SCHEMA = '{"type":"object","properties":{"a":{"type":"string","minLength":3}},"required":["a"]}'
_FORMAT = {
    "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "a", "schema": _SCHEMA}}}
}
CASES: tuple[tuple[str, dict[str, Any], Capability], ...] = (
    ("a chat of ten messages, nothing to do", _chat(9), _CLAUDE),
    ("the same, sampling values dropped", _chat(9), _NEW_CLAUDE),
    ("the same, a schema put into the subset", {**_chat(9), "outputConfig": _FORMAT}, _CLAUDE),
    ("an agent: 25 tools, 100 calls in the history", _agent(100), _CLAUDE),
    ("a history of 2,000 messages", _chat(1999), _CLAUDE),
)


def measure() -> list[Fitting]:
    """Each kind."""
    return [Fitting(name, _best(body, capability)) for name, body, capability in CASES]


def _best(body: dict[str, Any], capability: Capability) -> float:
    conversation = msgspec.convert(body, Conversation)
    actions = actions_of()

    def once() -> None:
        work = Work(conversation, capability, actions, wire_format="openai")
        fit(work, default_max_tokens=4096, most_tokens=32_768)

    rounds = []
    for _ in range(_ROUNDS):
        begun, count = process_time(), 0
        while process_time() - begun < _SECONDS / _ROUNDS:
            once()
            count += 1
        rounds.append((process_time() - begun) / count * 1e6)
    return min(rounds)
