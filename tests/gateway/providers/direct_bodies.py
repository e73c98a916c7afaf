"""A request on its way from an entrance to a provider beside Bedrock, without the way between: read, fitted, held to the
simulator's rules."""

from functools import cache
from typing import Any

import msgspec
import orjson

from embedded.simulator.direct.chat import read_chat_turn
from embedded.simulator.direct.errors import DirectError
from embedded.simulator.direct.messages import read_own_turn
from embedded.simulator.direct.models import DirectModels
from embedded.simulator.errors import AwsError
from embedded.simulator.models import Models
from gateway.catalogue.capability import CAPABILITY_FIELDS, Capability
from gateway.catalogue.direct import DirectOffer, read_direct, taken_by
from gateway.catalogue.rules import actions_of
from gateway.catalogue.seed import facts_of
from gateway.catalogue.services.catalog import read_catalog
from gateway.conversation import Conversation
from gateway.outbound.callers_contract import contract_for
from gateway.providers.anthropic.request import betas_of, messages_body
from gateway.providers.openai import dialect
from gateway.providers.openai.request import chat_body
from gateway.providers.perplexity.vendor import DIALECT
from gateway.refusals import Refusal
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work
from tests.gateway.wire.fitted import parse

MODELS = {
    "gpt-6.1-sol": "openai",
    "gpt-5.5": "openai",
    "gpt-4.1": "openai",
    "claude-opus-5": "anthropic",
    "claude-opus-4-6": "anthropic",
    "claude-haiku-4-5-20251001": "anthropic",
    "sonar-pro": "perplexity",
}
_SIMULATED = DirectModels(Models.load())


def offer_of(name: str) -> DirectOffer:
    (found,) = [each for each in read_direct().offers if each.invoke_id == name]
    return found


@cache
def capability(name: str) -> Capability:
    """As the catalogue's files have it, of a model at its provider."""
    offer = offer_of(name)
    known = [*read_catalog().models, *read_direct().models]
    entry = next(each for each in known if each.model_id == offer.model_id)
    facts: dict[str, Any] = {
        field: getattr(entry, field)
        for field in (
            "model_id",
            "vendor",
            "context_window",
            "max_output_tokens",
            "supports_tools",
            "supports_images",
        )
    }
    facts |= {
        field: tuple(fact) if isinstance(fact, list) else fact
        for field, fact in facts_of(offer.model_id).items()
        if field in CAPABILITY_FIELDS
    }
    return taken_by(offer.provider, Capability(**facts), invoke_id=name)


def fitted(wire_format: str, name: str, body: dict[str, Any]) -> tuple[Conversation, list[str]]:
    """A request as it is fitted to a model at its provider, and what was changed. Refusal where it is refused."""
    parsed = parse(wire_format, body)
    if parsed.conversation.output_config is not None and wire_format != "converse":
        contract_for(parsed.conversation.output_config, wire_format)
    work = Work(
        parsed.conversation,
        capability(name),
        actions_of(),
        wire_format=wire_format,
        places=parsed.places,
        is_own=wire_format == "converse",
    )
    found = fit(work, default_max_tokens=4096, most_tokens=200_000)
    return found.conversation, [str(each) for each in found.adjustments]


def body_of(conversation: Conversation, name: str) -> dict[str, Any]:
    """What is sent."""
    provider = MODELS[name]
    if provider == "anthropic":
        sent = messages_body(conversation, model=name, is_streamed=True)
    else:
        spoken = DIALECT if provider == "perplexity" else dialect.OPENAI
        sent = chat_body(conversation, model=name, dialect=spoken, is_streamed=True)
    found: dict[str, Any] = orjson.loads(sent)
    return found


def error_of(conversation: Conversation, name: str) -> str:
    """What the provider would say to it, as the simulator knows it; "" where it would answer."""
    provider, body = MODELS[name], body_of(conversation, name)
    model = _SIMULATED.get(provider, name)
    try:
        if provider == "anthropic":
            read_own_turn(body, model, betas_of(conversation))
        else:
            read_chat_turn(body, model, provider)
    except (DirectError, AwsError) as error:
        return error.message
    return ""


def outcome(wire_format: str, name: str, body: dict[str, Any]) -> str:
    """`sent`, `repaired` or `refused`. AssertionError where the provider would refuse what is sent."""
    refused: Refusal | None = None
    try:
        conversation, adjusted = fitted(wire_format, name, body)
    except Refusal as refusal:
        refused = refusal
    if refused is not None:
        assert refused.status == 400, refused
        assert refused.param or "body" in refused.message, refused
        return "refused"
    error = error_of(conversation, name)
    assert not error, (error, msgspec.json.encode(conversation), adjusted)
    return "repaired" if adjusted else "sent"
