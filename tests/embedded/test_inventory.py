"""What an account has of its own in the simulator: each list by its service's shapes and pages, and callable by its ARN."""

from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from embedded.simulator.errors import AwsError
from embedded.simulator.inventory import LISTS, Inventory
from embedded.simulator.models import Models
from embedded.simulator.operations import Operation
from embedded.simulator.strict.service import shape_checker
from tests.simulator import RunningSimulator, running

HOME = "us-east-1"
ARN = f"arn:aws:bedrock:{HOME}:000000000000"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.mark.parametrize("operation", LISTS, ids=lambda each: each.value)
def test_each_list_is_of_its_services_shape(operation: Operation) -> None:
    listed, rows = LISTS[operation], Inventory().rows(HOME, operation)
    assert shape_checker(listed.service, listed.shape)({listed.rows: rows}) is None


@pytest.mark.parametrize(
    ("asked", "number", "has_more"),
    [
        ({}, 50, True),
        ({"maxResults": "120"}, 120, False),
        ({"maxResults": "7", "nextToken": "page-116"}, 4, False),
    ],
)
def test_pages(asked: dict[str, Any], number: int, has_more: bool) -> None:
    rows = [{"id": str(each)} for each in range(120)]
    found = Inventory().page(HOME, Operation.LIST_GUARDRAILS, asked, rows)
    assert len(found["guardrails"]) == number
    assert ("nextToken" in found) is has_more


@pytest.mark.parametrize(
    "asked", [{"maxResults": "0"}, {"maxResults": "1001"}, {"maxResults": "x"}, {"nextToken": "mine"}, {"nextToken": "page-x"}]
)  # fmt: skip
def test_what_no_page_can_be_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        Inventory().page(HOME, Operation.LIST_GUARDRAILS, asked)


def test_only_what_is_there_and_ready_is_called_by_its_arn() -> None:
    models = Models.load()
    provisioned = f"{ARN}:provisioned-model/sim000000004"
    assert models.called(provisioned, HOME).model_id == "amazon.nova-lite-v1:0"  # what its base model takes
    assert models.called(f"{ARN}:imported-model/sim000000003", HOME).capabilities.is_known is False
    rows = models.inventory.rows(HOME, Operation.LIST_PROVISIONED)
    models.inventory.put(HOME, {Operation.LIST_PROVISIONED.value: [{**rows[0], "status": "Creating"}]})
    with pytest.raises(AwsError, match="not ready"):
        models.called(provisioned, HOME)
    for wrong, region in ((f"{ARN}:imported-model/sim000000009", HOME), (f"{ARN}:imported-model/sim000000003", "eu-west-1")):  # fmt: skip
        with pytest.raises(AwsError, match="model identifier is invalid"):
            models.called(wrong, region)


@pytest.mark.parametrize("kind", ["custom-model-deployment/sim000000002", "imported-model/sim000000003", "provisioned-model/sim000000004"])  # fmt: skip
def test_calls_to_ones_own(simulator: RunningSimulator, kind: str) -> None:
    said = [{"role": "user", "content": [{"text": "Hello"}]}]
    answer = simulator.client(HOME).converse(modelId=f"{ARN}:{kind}", messages=said)
    assert answer["usage"]["outputTokens"] > 0
    events = simulator.client(HOME).converse_stream(modelId=f"{ARN}:{kind}", messages=said)["stream"]
    assert any("metadata" in event for event in list(events))


def test_lists_by_name_status_and_region(simulator: RunningSimulator) -> None:
    client = simulator.client(HOME, service="bedrock")
    assert client.list_provisioned_model_throughputs(statusEquals="Failed")["provisionedModelSummaries"] == []
    assert len(client.list_imported_models(nameContains="llama")["modelSummaries"]) == 1
    assert client.list_imported_models(nameContains="other")["modelSummaries"] == []
    elsewhere = simulator.client("eu-central-1", service="bedrock")
    assert elsewhere.list_custom_models()["modelSummaries"] == []
    assert {each["name"] for each in elsewhere.list_guardrails()["guardrails"]} == {"gatehouse", "gatehouseblock", "gatehousedetect"}  # fmt: skip
    (base,) = simulator.client("eu-central-1", service="bedrock-agent").list_knowledge_bases()["knowledgeBaseSummaries"]  # fmt: skip
    runtime = simulator.client("eu-central-1", service="bedrock-agent-runtime")
    assert runtime.retrieve(knowledgeBaseId=base["knowledgeBaseId"], retrievalQuery={"text": "holiday"})["retrievalResults"]  # fmt: skip
    with pytest.raises(ClientError, match="ValidationException"):
        simulator.client(HOME, service="bedrock-agent").list_knowledge_bases(nextToken="mine")


def test_what_a_test_puts_is_held_to_the_shapes(simulator: RunningSimulator) -> None:
    for lists in ({"ListNothing": []}, {"ListGuardrails": [{"id": "a"}]}, {"ListGuardrails": {}}, []):
        with pytest.raises(HTTPError, match="400"):
            simulator._control("PUT", f"inventory/{HOME}", lists)
