"""Bodies held against botocore's own model of each service."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader

from embedded.simulator.errors import invalid, unreadable
from embedded.simulator.operations import Operation
from kernel.service_breach import BreachKind
from kernel.service_model import Checker, ServiceModel

_REQUESTS = {
    Operation.CONVERSE: ("bedrock-runtime", "ConverseRequest"),
    Operation.CONVERSE_STREAM: ("bedrock-runtime", "ConverseStreamRequest"),
    Operation.COUNT_TOKENS: ("bedrock-runtime", "CountTokensRequest"),
    Operation.APPLY_GUARDRAIL: ("bedrock-runtime", "ApplyGuardrailRequest"),
    Operation.RETRIEVE: ("bedrock-agent-runtime", "RetrieveRequest"),
    Operation.RETRIEVE_AND_GENERATE: ("bedrock-agent-runtime", "RetrieveAndGenerateRequest"),
    Operation.CREATE_INFERENCE_PROFILE: ("bedrock", "CreateInferenceProfileRequest"),
    Operation.CREATE_JOB: ("bedrock", "CreateModelInvocationJobRequest"),
    Operation.LIST_KNOWLEDGE_BASES: ("bedrock-agent", "ListKnowledgeBasesRequest"),
}
# What the deserialiser in front of the service finds, before the service looks at the values.
_UNREADABLE = (BreachKind.TYPE, BreachKind.UNKNOWN, BreachKind.DEPTH)


_IDENTIFIERS = {
    Operation.CONVERSE: "ConversationalModelId",
    Operation.CONVERSE_STREAM: "ConversationalModelId",
    Operation.INVOKE_MODEL: "InvokeModelIdentifier",
    Operation.INVOKE_MODEL_STREAM: "InvokeModelIdentifier",
    Operation.COUNT_TOKENS: "FoundationModelVersionIdentifier",
}


def hold_to_shapes(operation: Operation, body: dict[str, Any], model_id: str) -> None:
    """Raises AwsError (400) for a body or an id of a model that isn't of its operation's shape."""
    if operation in _IDENTIFIERS:
        wrong = _wrong_identifier(_IDENTIFIERS[operation], model_id)
        if wrong is not None:
            raise invalid(wrong)
    breach = _checker(operation)(body) if operation in _REQUESTS else None
    if breach is not None:
        raise unreadable(breach.message) if breach.kind in _UNREADABLE else invalid(breach.message)


@lru_cache(maxsize=1024)
def _wrong_identifier(shape: str, model_id: str) -> str | None:
    breach = _model("bedrock-runtime").checker(shape)(model_id)
    return None if breach is None else replace(breach, path="modelId").message


def load() -> None:
    """Compiles what most requests need, so that the first doesn't wait for it."""
    _checker(Operation.CONVERSE)
    _checker(Operation.CONVERSE_STREAM)


def shape_checker(service: str, shape: str) -> Checker:
    """A check of any shape of a service's model; see `ServiceModel.checker`."""
    return _model(service).checker(shape)


@lru_cache(maxsize=16)
def _checker(operation: Operation) -> Checker:
    service, shape = _REQUESTS[operation]
    return _model(service).checker(shape)


@lru_cache(maxsize=4)
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2")["shapes"])
