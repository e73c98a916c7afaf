"""Which operation a request is for."""

import re
from enum import Enum
from urllib.parse import unquote

from embedded.simulator.errors import unknown_operation


class Operation(Enum):
    """The operations the simulator knows, by their names in AWS."""

    LIST_FOUNDATION_MODELS = "ListFoundationModels"
    LIST_INFERENCE_PROFILES = "ListInferenceProfiles"
    LIST_CUSTOM_MODELS = "ListCustomModels"
    LIST_CUSTOM_MODEL_DEPLOYMENTS = "ListCustomModelDeployments"
    LIST_IMPORTED_MODELS = "ListImportedModels"
    LIST_PROVISIONED = "ListProvisionedModelThroughputs"
    LIST_GUARDRAILS = "ListGuardrails"
    LIST_KNOWLEDGE_BASES = "ListKnowledgeBases"
    CREATE_INFERENCE_PROFILE = "CreateInferenceProfile"
    CREATE_JOB = "CreateModelInvocationJob"
    GET_JOB = "GetModelInvocationJob"
    STOP_JOB = "StopModelInvocationJob"
    CONVERSE = "Converse"
    CONVERSE_STREAM = "ConverseStream"
    INVOKE_MODEL = "InvokeModel"
    INVOKE_MODEL_STREAM = "InvokeModelWithResponseStream"
    COUNT_TOKENS = "CountTokens"
    APPLY_GUARDRAIL = "ApplyGuardrail"
    LIST_SERVICE_QUOTAS = "ListServiceQuotas"
    RETRIEVE = "Retrieve"
    RETRIEVE_AND_GENERATE = "RetrieveAndGenerate"

    @property
    def can_be_throttled(self) -> bool:
        """Whether a model or a guardrail answers."""
        return self in _THROTTLED

    @property
    def streams(self) -> bool:
        """Whether the answer is an event stream."""
        return self in (Operation.CONVERSE_STREAM, Operation.INVOKE_MODEL_STREAM)


_THROTTLED = frozenset(
    (
        Operation.CONVERSE, Operation.CONVERSE_STREAM, Operation.INVOKE_MODEL, Operation.INVOKE_MODEL_STREAM,
        Operation.APPLY_GUARDRAIL, Operation.RETRIEVE, Operation.RETRIEVE_AND_GENERATE,
    )
)  # fmt: skip
_LISTS = {
    "/foundation-models": Operation.LIST_FOUNDATION_MODELS,
    "/inference-profiles": Operation.LIST_INFERENCE_PROFILES,
    "/custom-models": Operation.LIST_CUSTOM_MODELS,
    "/model-customization/custom-model-deployments": Operation.LIST_CUSTOM_MODEL_DEPLOYMENTS,
    "/imported-models": Operation.LIST_IMPORTED_MODELS,
    "/provisioned-model-throughputs": Operation.LIST_PROVISIONED,
    "/guardrails": Operation.LIST_GUARDRAILS,
}
_OF_A_MODEL = {
    "converse": Operation.CONVERSE,
    "converse-stream": Operation.CONVERSE_STREAM,
    "invoke": Operation.INVOKE_MODEL,
    "invoke-with-response-stream": Operation.INVOKE_MODEL_STREAM,
    "count-tokens": Operation.COUNT_TOKENS,
}
_KNOWLEDGE_BASE = re.compile(r"/knowledgebases/([^/]+)/retrieve")
_JOB = re.compile(r"/model-invocation-job/([^/]+)(/stop)?")
_GUARDRAIL = re.compile(r"/guardrail/([^/]+)/version/([^/]+)/apply")


_QUOTAS_TARGET = "ServiceQuotasV20190624.ListServiceQuotas"
"""Of Service Quotas, which speaks JSON 1.1: all operations have the path `/`. Source: botocore's model of `service-quotas`."""


def match_operation(method: str, raw_path: str, target: str = "") -> tuple[Operation, str]:
    """The operation, and the id of the model or the knowledge base, where there is one, or the guardrail's, `/`, its version.

    Raises AwsError (404).
    """
    if method == "GET" and raw_path in _LISTS:
        return _LISTS[raw_path], ""
    if method == "POST" and raw_path == "/" and target == _QUOTAS_TARGET:
        return Operation.LIST_SERVICE_QUOTAS, ""
    if method == "POST" and raw_path == "/knowledgebases/":
        return Operation.LIST_KNOWLEDGE_BASES, ""
    if method == "POST" and raw_path == "/inference-profiles":
        return Operation.CREATE_INFERENCE_PROFILE, ""
    if method == "POST" and raw_path.startswith("/model/"):
        model_id, _, verb = raw_path.removeprefix("/model/").rpartition("/")
        if model_id and verb in _OF_A_MODEL:
            return _OF_A_MODEL[verb], unquote(model_id)
    if method == "POST" and raw_path == "/model-invocation-job":
        return Operation.CREATE_JOB, ""
    job = _JOB.fullmatch(raw_path)
    if job is not None and (method == "POST") == bool(job[2]):
        return Operation.STOP_JOB if job[2] else Operation.GET_JOB, unquote(job[1])
    guardrail = _GUARDRAIL.fullmatch(raw_path) if method == "POST" else None
    if guardrail is not None:
        return Operation.APPLY_GUARDRAIL, f"{unquote(guardrail[1])}/{unquote(guardrail[2])}"
    base = _KNOWLEDGE_BASE.fullmatch(raw_path) if method == "POST" else None
    if base is not None:
        return Operation.RETRIEVE, unquote(base[1])
    if method == "POST" and raw_path == "/retrieveAndGenerate":
        return Operation.RETRIEVE_AND_GENERATE, ""
    raise unknown_operation()
