"""A request on its way from an entrance to Bedrock, without the way between: read, fitted, held to the simulator's rules.

Botocore's own ParamValidator is a second judge beside the simulator's.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import msgspec
import orjson
from botocore.validate import ParamValidator

from embedded.simulator.converse import read_turn
from embedded.simulator.errors import AwsError
from embedded.simulator.models import Models
from embedded.simulator.operations import Operation
from embedded.simulator.shapes import json_object
from embedded.simulator.strict.service import hold_to_shapes
from gateway.call.fit import Fit
from gateway.catalogue.capability import CAPABILITY_FIELDS, Capability
from gateway.catalogue.rules import Actions, actions_of
from gateway.catalogue.seed import facts_of
from gateway.catalogue.services.catalog import read_catalog
from gateway.conversation import encode
from gateway.entrances.formats.entrance import AnthropicEntrance, ConverseEntrance, OpenAIEntrance, Parsed
from gateway.outbound.callers_contract import contract_for
from gateway.refusals import Refusal
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work

ENTRANCES = ("openai", "anthropic", "converse")
FAMILIES = {
    "claude-haiku-4-5": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "claude-opus-4-6": "anthropic.claude-opus-4-6-v1",
    "claude-opus-4-8": "anthropic.claude-opus-4-8",
    "claude-opus-5": "anthropic.claude-opus-5",
    "claude-fable-5": "anthropic.claude-fable-5",
    "nova-lite": "amazon.nova-lite-v1:0",
    "nova-micro": "amazon.nova-micro-v1:0",
    "llama-3-3": "meta.llama3-3-70b-instruct-v1:0",
    "mistral-large": "mistral.mistral-large-3-675b-instruct",
    "deepseek-r1": "deepseek.r1-v1:0",
    "gpt-oss": "openai.gpt-oss-120b-1:0",
    "qwen3": "qwen.qwen3-235b-a22b-2507-v1:0",
}
_MODELS = Models.load()


@cache
def capability(model_id: str) -> Capability:
    """As the catalogue's files have it."""
    (entry,) = [each for each in read_catalog().models if each.model_id == model_id]
    facts: dict[str, Any] = {name: getattr(entry, name) for name in CAPABILITY_FIELDS if hasattr(entry, name)}
    facts |= {name: fact for name, fact in facts_of(model_id).items() if name in CAPABILITY_FIELDS}
    return Capability(
        **{name: tuple(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}
    )


@cache
def _param_validator() -> tuple[ParamValidator, Any]:
    session = botocore.session.Session()
    model = session.get_service_model("bedrock-runtime")
    return ParamValidator(), model.operation_model("Converse").input_shape


@dataclass(frozen=True)
class Sent:
    """What would be sent, and what was said of it."""

    body: dict[str, Any]
    fit: Fit

    @property
    def adjusted(self) -> list[str]:
        return [str(each) for each in self.fit.adjustments]


def parse(wire_format: str, body: dict[str, Any]) -> Parsed:
    entrance: Any = {
        "openai": OpenAIEntrance,
        "anthropic": AnthropicEntrance,
        "converse": lambda: ConverseEntrance(model="m"),
    }[wire_format]()
    parsed: Parsed = entrance.parse(msgspec.json.encode(body))
    return parsed


def sent(
    wire_format: str, model_id: str, body: dict[str, Any], *, actions: Actions | None = None, **known: Any
) -> Sent:
    """What a request becomes for a model. Refusal where it is refused."""
    parsed = parse(wire_format, body)
    if parsed.conversation.output_config is not None and wire_format != "converse":
        contract_for(parsed.conversation.output_config, wire_format)
    before = encode(parsed.conversation)
    work = Work(
        parsed.conversation,
        capability(model_id),
        actions or actions_of(),
        wire_format=wire_format,
        places=parsed.places,
        is_own=wire_format == "converse",
    )
    found = fit(work, default_max_tokens=4096, most_tokens=200_000, **known)
    assert encode(parsed.conversation) == before  # it may have to be fitted to another model
    return Sent(msgspec.json.decode(encode(found.conversation)), found)


def bedrock_error(model_id: str, body: dict[str, Any]) -> str:
    """What Bedrock would say to it, as the simulator knows it; "" where it would answer."""
    try:
        hold_to_shapes(Operation.CONVERSE, json_object(orjson.dumps(body)), model_id)
        read_turn(body, model=_MODELS.resolve(model_id), model_id=model_id, region="us-east-1")
    except AwsError as error:
        return error.message
    return _botocore_error(body)


def _botocore_error(body: dict[str, Any]) -> str:
    validator, shape = _param_validator()
    report = validator.validate({"modelId": "m", **_with_bytes(body)}, shape)
    return str(report.generate_report()) if report.has_errors() else ""


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: b"x"
            if name in ("bytes", "redactedContent") and isinstance(member, str)
            else _with_bytes(member)
            for name, member in value.items()
        }
    return [_with_bytes(each) for each in value] if isinstance(value, list) else value


def outcome(wire_format: str, model_id: str, body: dict[str, Any]) -> str:
    """`sent`, `repaired` or `refused`. AssertionError where Bedrock would refuse what is sent."""
    refused: Refusal | None = None
    try:
        found = sent(wire_format, model_id, body)
    except Refusal as refusal:
        refused = refusal
    if refused is not None:
        assert refused.status == 400, refused
        assert refused.param or "body" in refused.message, refused
        return "refused"
    error = bedrock_error(model_id, found.body)
    assert not error, (error, found.body, found.adjusted)
    return "repaired" if found.adjusted else "sent"
