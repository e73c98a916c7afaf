"""What the account has in a region beside foundation models: the lists of Bedrock's control plane, by pages, and what answers
for each ARN of them.

Every list is of the shape of botocore's models of `bedrock` and `bedrock-agent`; what a test puts in their place is held to it.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from embedded.simulator.errors import constraint, invalid, model_not_found
from embedded.simulator.guardrails import ACTIONS
from embedded.simulator.operations import Operation
from embedded.simulator.strict.service import shape_checker

KNOWLEDGE_BASE = "SIMKNOWLED"
PAGE = 50
"""How many a page has where the caller does not say. AWS says no number."""
_MAX_RESULTS = 1000
_ACCOUNT = "000000000000"
_BASE = "amazon.nova-lite-v1:0"
_HOME = "us-east-1"
_SINCE = "2026-06-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class _List:
    """A list's answer: its shape, the member that has the rows, and those of a row that `nameContains` and a status look at."""

    service: str
    shape: str
    rows: str
    name: str = ""
    status: str = ""
    status_parameter: str = ""


LISTS = {
    Operation.LIST_FOUNDATION_MODELS: _List("bedrock", "ListFoundationModelsResponse", "modelSummaries"),
    Operation.LIST_CUSTOM_MODELS: _List("bedrock", "ListCustomModelsResponse", "modelSummaries", "modelName", "modelStatus", "modelStatus"),
    Operation.LIST_CUSTOM_MODEL_DEPLOYMENTS: _List(
        "bedrock", "ListCustomModelDeploymentsResponse", "modelDeploymentSummaries", "customModelDeploymentName", "status", "statusEquals"),
    Operation.LIST_IMPORTED_MODELS: _List("bedrock", "ListImportedModelsResponse", "modelSummaries", "modelName"),
    Operation.LIST_INFERENCE_PROFILES: _List("bedrock", "ListInferenceProfilesResponse", "inferenceProfileSummaries"),
    Operation.LIST_PROVISIONED: _List(
        "bedrock", "ListProvisionedModelThroughputsResponse", "provisionedModelSummaries", "provisionedModelName", "status", "statusEquals"),
    Operation.LIST_GUARDRAILS: _List("bedrock", "ListGuardrailsResponse", "guardrails"),
    Operation.LIST_KNOWLEDGE_BASES: _List("bedrock-agent", "ListKnowledgeBasesResponse", "knowledgeBaseSummaries"),
}  # fmt: skip
_UNPAGED = frozenset((Operation.LIST_FOUNDATION_MODELS,))
"""Source: botocore's model of `bedrock`: its request has neither maxResults nor nextToken."""
_CALLABLE = {
    Operation.LIST_CUSTOM_MODEL_DEPLOYMENTS: ("customModelDeploymentArn", "status", ("Active",)),
    Operation.LIST_IMPORTED_MODELS: ("modelArn", "", ()),
    Operation.LIST_PROVISIONED: ("provisionedModelArn", "status", ("InService", "Updating")),
}
"""What may be invoked by its ARN: the member that has it, and the states in which it answers. A custom model itself is not.
Source: Bedrock's API reference, InvokeModel, `modelId`."""


class InvalidInventory(ValueError):
    """A list that can't be; the message says why."""


class Inventory:
    """By region and list. What nobody has put is built in."""

    def __init__(self) -> None:
        self._put: dict[tuple[str, Operation], list[dict[str, Any]]] = {}

    def reset(self) -> None:
        """What is built in alone."""
        self._put = {}

    def put(self, region: str, lists: object) -> None:
        """Puts whole lists in a region in the place of those there are, by their operations' names. Raises InvalidInventory."""
        if not isinstance(lists, dict):
            raise InvalidInventory(
                "the body must be a JSON object of lists, by the names of their operations"
            )
        known = {operation.value: operation for operation in LISTS}
        for name, rows in lists.items():
            if name not in known:
                raise InvalidInventory(f"unknown list {name}; known are {', '.join(known)}")
            listed = LISTS[known[name]]
            breach = shape_checker(listed.service, listed.shape)({listed.rows: _as_modelled(rows)})
            if breach is not None:
                raise InvalidInventory(f"{name}: {breach.message}")
        self._put |= {(region, known[name]): deepcopy(rows) for name, rows in lists.items()}

    def rows(
        self, region: str, operation: Operation, usual: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """A whole list; `usual` is what the catalogue says, of lists that it has."""
        if (region, operation) in self._put:
            return self._put[region, operation]
        return _built_in(region).get(operation, []) if usual is None else usual

    def page(
        self,
        region: str,
        operation: Operation,
        asked: dict[str, Any],
        usual: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """The answer of a list: the page that is asked for, with a token where more comes. Raises AwsError (400)."""
        listed, found = LISTS[operation], self.rows(region, operation, usual)
        if wanted := asked.get("nameContains"):
            found = [each for each in found if str(wanted) in each.get(listed.name, "")]
        if listed.status_parameter and (wanted := asked.get(listed.status_parameter)):
            found = [each for each in found if each.get(listed.status) == wanted]
        if operation in _UNPAGED:
            return {listed.rows: found}
        begin, size = _place(asked.get("nextToken")), _size(asked.get("maxResults"))
        answer: dict[str, Any] = {listed.rows: found[begin : begin + size]}
        if begin + size < len(found):
            answer["nextToken"] = f"page-{begin + size}"
        return answer

    def base_of(self, arn: str, region: str) -> str | None:
        """What answers for an ARN of this account: the ID of a foundation model, or "" for one of nobody's knowledge. None for
        an ARN of another account, of which nothing is known here. Raises AwsError (400) for one that is not there, or not yet."""
        if f":{_ACCOUNT}:" not in arn or not any(kind in arn for kind in _KINDS):
            return None
        for operation, (member, status, works) in _CALLABLE.items():
            for row in self.rows(region, operation):
                if row[member] == arn:
                    if status and row[status] not in works:
                        raise invalid(
                            "The provided model identifier is not ready: its status is " + row[status]
                        )
                    return self._foundation_of(row, region)
        raise model_not_found()

    def _foundation_of(self, row: dict[str, Any], region: str) -> str:
        arn = str(row.get("foundationModelArn") or row.get("modelArn", ""))
        for model in self.rows(region, Operation.LIST_CUSTOM_MODELS):
            if model["modelArn"] == arn:
                arn = str(model["baseModelArn"])
        return arn.rpartition("foundation-model/")[2] if "foundation-model/" in arn else ""


def _as_modelled(rows: Any) -> Any:
    """Rows without what AWS itself answers beyond botocore's model: a way that its enum lacks, and names over its 20 letters
    (langchain-ai/langchain-aws, `inferenceTypesSupported` with INFERENCE_PROFILE; AWS CLI, `list-foundation-models`)."""
    if not isinstance(rows, list):
        return rows
    return [_row_as_modelled(row) if isinstance(row, dict) else row for row in rows]


def _row_as_modelled(row: dict[str, Any]) -> dict[str, Any]:
    if "inferenceTypesSupported" not in row:
        return row
    ways = [each for each in row["inferenceTypesSupported"] if each != "INFERENCE_PROFILE"]
    return {**row, "inferenceTypesSupported": ways, "modelName": str(row.get("modelName", ""))[:20] or None}


_KINDS = (":custom-model/", ":custom-model-deployment/", ":imported-model/", ":provisioned-model/")


def _size(value: Any) -> int:
    if value is None:
        return PAGE
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise invalid(f"Value '{value}' at 'maxResults' is not a number.") from None
    if not 1 <= number <= _MAX_RESULTS:
        bound = "greater than or equal to 1" if number < 1 else f"less than or equal to {_MAX_RESULTS}"
        raise constraint(number, "maxResults", f"have value {bound}")
    return number


def _place(token: Any) -> int:
    if token is None:
        return 0
    number = str(token).removeprefix("page-")
    if number == token or not number.isdecimal():
        raise invalid("The provided nextToken is invalid.")
    return int(number)


def _built_in(region: str) -> dict[Operation, list[dict[str, Any]]]:
    """Guardrails and a knowledge base are in every region; models of the account's own in one."""
    found = {
        Operation.LIST_GUARDRAILS: [_guardrail(region, name) for name in ACTIONS],
        Operation.LIST_KNOWLEDGE_BASES: [
            {
                "knowledgeBaseId": KNOWLEDGE_BASE,
                "name": "employee-handbook",
                "status": "ACTIVE",
                "updatedAt": _SINCE,
            }
        ],
    }
    return found | (_own_models() if region == _HOME else {})


def _guardrail(region: str, name: str) -> dict[str, Any]:
    arn = f"arn:aws:bedrock:{region}:{_ACCOUNT}:guardrail/{name}"
    return {
        "id": name, "arn": arn, "status": "READY", "name": name, "version": "DRAFT", "createdAt": _SINCE, "updatedAt": _SINCE,
    }  # fmt: skip


def _own_models() -> dict[Operation, list[dict[str, Any]]]:
    own = f"arn:aws:bedrock:{_HOME}:{_ACCOUNT}"
    base, custom = (
        f"arn:aws:bedrock:{_HOME}::foundation-model/{_BASE}",
        f"{own}:custom-model/{_BASE}/sim000000001",
    )
    return {
        Operation.LIST_CUSTOM_MODELS: [
            {
                "modelArn": custom, "modelName": "claims-assistant", "creationTime": _SINCE, "baseModelArn": base,
                "baseModelName": "amazon.nova-lite-v1", "customizationType": "FINE_TUNING", "ownerAccountId": _ACCOUNT, "modelStatus": "Active",
            }
        ],
        Operation.LIST_CUSTOM_MODEL_DEPLOYMENTS: [
            {
                "customModelDeploymentArn": f"{own}:custom-model-deployment/sim000000002", "customModelDeploymentName": "claims-on-demand",
                "modelArn": custom, "createdAt": _SINCE, "status": "Active",
            }
        ],
        Operation.LIST_IMPORTED_MODELS: [
            {
                "modelArn": f"{own}:imported-model/sim000000003", "modelName": "house-llama", "creationTime": _SINCE,
                "instructSupported": True, "modelArchitecture": "llama",
            }
        ],
        Operation.LIST_PROVISIONED: [
            {
                "provisionedModelName": "claims-provisioned", "provisionedModelArn": f"{own}:provisioned-model/sim000000004",
                "modelArn": custom, "desiredModelArn": custom, "foundationModelArn": base, "modelUnits": 1, "desiredModelUnits": 1,
                "status": "InService", "commitmentDuration": "OneMonth", "commitmentExpirationTime": "2027-06-01T00:00:00Z",
                "creationTime": _SINCE, "lastModifiedTime": _SINCE,
            }
        ],
    }  # fmt: skip
