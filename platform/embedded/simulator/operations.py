"""Which operation a request is for."""

from enum import Enum
from urllib.parse import unquote

from embedded.simulator.errors import unknown_operation


class Operation(Enum):
    """The operations the simulator knows, by their names in AWS."""

    LIST_FOUNDATION_MODELS = "ListFoundationModels"
    LIST_INFERENCE_PROFILES = "ListInferenceProfiles"
    CREATE_INFERENCE_PROFILE = "CreateInferenceProfile"
    CONVERSE = "Converse"
    CONVERSE_STREAM = "ConverseStream"
    INVOKE_MODEL = "InvokeModel"
    INVOKE_MODEL_STREAM = "InvokeModelWithResponseStream"
    COUNT_TOKENS = "CountTokens"

    @property
    def invokes(self) -> bool:
        """Whether a model answers: these can be throttled."""
        return self in _INVOCATIONS

    @property
    def streams(self) -> bool:
        """Whether the answer is an event stream."""
        return self in (Operation.CONVERSE_STREAM, Operation.INVOKE_MODEL_STREAM)


_INVOCATIONS = frozenset(
    (Operation.CONVERSE, Operation.CONVERSE_STREAM, Operation.INVOKE_MODEL, Operation.INVOKE_MODEL_STREAM)
)
_LISTS = {
    "/foundation-models": Operation.LIST_FOUNDATION_MODELS,
    "/inference-profiles": Operation.LIST_INFERENCE_PROFILES,
}
_OF_A_MODEL = {
    "converse": Operation.CONVERSE,
    "converse-stream": Operation.CONVERSE_STREAM,
    "invoke": Operation.INVOKE_MODEL,
    "invoke-with-response-stream": Operation.INVOKE_MODEL_STREAM,
    "count-tokens": Operation.COUNT_TOKENS,
}


def match(method: str, raw_path: str) -> tuple[Operation, str]:
    """The operation, and the model's id where there is one. Raises AwsError (404)."""
    if method == "GET" and raw_path in _LISTS:
        return _LISTS[raw_path], ""
    if method == "POST" and raw_path == "/inference-profiles":
        return Operation.CREATE_INFERENCE_PROFILE, ""
    if method == "POST" and raw_path.startswith("/model/"):
        model_id, _, verb = raw_path.removeprefix("/model/").rpartition("/")
        if model_id and verb in _OF_A_MODEL:
            return _OF_A_MODEL[verb], unquote(model_id)
    raise unknown_operation()
