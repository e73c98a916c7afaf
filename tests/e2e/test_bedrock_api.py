"""Bedrock's own API besides models: lists, counts of tokens, guardrails and knowledge bases, by boto3's own clients."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from accounts.models import Team
from prompts.knowledge.models import KnowledgeBase
from tests.client import HTTP
from tests.e2e.conftest import World
from tests.e2e.test_boto3 import CONFIG

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BASE = "SIMKNOWLED"
TEAM = "Bedrock"
HIDING = {"guardrail": "gatehouse", "guardrail_version": "1"}


@pytest.fixture(scope="module")
def key(shared_world: World) -> str:
    """Of a team with a guardrail and a knowledge base, for two models."""
    world = shared_world
    key = world.new_key(team=TEAM, allowed_models=["claude-haiku-4-5", "claude-haiku-4-5-eu"])
    team_id = world.stack.make(lambda: Team.objects.get(name=TEAM).pk)
    world.stack.make(
        lambda: (
            KnowledgeBase.objects.create(
                team_id=team_id, name="handbook", kind="bedrock", bedrock_id=BASE, region="us-east-1"
            ).pk
        )
    )
    trial = world.new_key(team=TEAM)
    world.knows(trial)
    world.set_policy(HIDING, team=TEAM, key=trial)
    return key


@pytest.fixture
def aws(world: World, key: str) -> Iterator[Any]:
    """A client of one of AWS's services."""
    with ExitStack() as stack:

        def client(service: str = "bedrock-runtime", *, key: str = key) -> Any:
            made = boto3.client(
                service, region_name="us-east-1", endpoint_url=f"{world.url}/bedrock", config=CONFIG,
                aws_access_key_id=key, aws_secret_access_key="unused",
            )  # fmt: skip
            return stack.enter_context(closing(made))

        yield client


@pytest.mark.quick
def test_lists_of_models(aws):
    bedrock = aws("bedrock")
    models = bedrock.list_foundation_models()
    assert models["ResponseMetadata"]["RequestId"]
    (model,) = models["modelSummaries"]
    assert model["modelId"] == CLAUDE.removeprefix("us.")
    assert (model["providerName"], model["outputModalities"]) == ("Anthropic", ["TEXT"])
    assert bedrock.list_foundation_models(byProvider="Cohere")["modelSummaries"] == []
    assert bedrock.list_foundation_models(byOutputModality="EMBEDDING")["modelSummaries"] == []
    for name in (model["modelId"], model["modelArn"]):
        assert bedrock.get_foundation_model(modelIdentifier=name)["modelDetails"] == model
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_foundation_model(modelIdentifier="amazon.nova-pro-v1:0")


def test_lists_of_profiles(aws):
    bedrock = aws("bedrock")
    pages = bedrock.get_paginator("list_inference_profiles").paginate(
        typeEquals="SYSTEM_DEFINED", PaginationConfig={"PageSize": 1}
    )
    profiles = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
    assert {each["inferenceProfileId"] for each in profiles} == {CLAUDE, CLAUDE.replace("us.", "eu.")}
    assert all(each["createdAt"].year > 2000 and each["models"] for each in profiles)
    assert bedrock.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"] == []
    for each in profiles:
        for name in (each["inferenceProfileId"], each["inferenceProfileArn"]):
            found = bedrock.get_inference_profile(inferenceProfileIdentifier=name)
            assert found["inferenceProfileArn"] == each["inferenceProfileArn"]
            assert aws().converse(modelId=name, messages=[{"role": "user", "content": [{"text": "a"}]}])
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.list_inference_profiles(nextToken="-1")


@pytest.mark.quick
def test_counts_of_tokens(aws):
    runtime = aws()
    text = "How many tokens has this?"
    body = {"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": text}]}
    forms = (
        {"converse": {"messages": [{"role": "user", "content": [{"text": text}]}]}},
        {"invokeModel": {"body": json.dumps(body | {"max_tokens": 10}).encode()}},
    )
    counts = {runtime.count_tokens(modelId=CLAUDE, input=form)["inputTokens"] for form in forms}
    assert len(counts) == 1
    assert 3 < counts.pop() < 30
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.count_tokens(modelId=CLAUDE, input={"invokeModel": {"body": b"no"}})
    with pytest.raises(runtime.exceptions.AccessDeniedException):
        runtime.count_tokens(modelId="amazon.nova-pro-v1:0", input=forms[0])


def applied(runtime: Any, text: str, **changes: Any) -> Any:
    wanted = {"guardrailIdentifier": "gatehouse", "guardrailVersion": "1", "source": "INPUT"} | changes
    return runtime.apply_guardrail(content=[{"text": {"text": text}}], **wanted)


@pytest.mark.quick
def test_guardrails(world, aws):
    runtime = aws()
    answer = applied(runtime, "Write to ann@example.com")
    assert answer["action"] == "GUARDRAIL_INTERVENED"
    assert answer["outputs"] == [{"text": "Write to {EMAIL}"}]
    record = world.record(answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-call-id"])
    assert (record["wire_format"], record["status"], record["cost_nanos"]) == ("bedrock", "succeeded", 0)
    assert record["checks"]["guardrail_units"]["wordPolicyUnits"] == 1


@pytest.mark.parametrize(
    "changes", [{"guardrailIdentifier": "gatehouseblock"}, {"guardrailVersion": "DRAFT"}]
)
def test_guardrails_of_others(world, aws, changes):
    before = world.count_received()
    runtime = aws()
    with pytest.raises(runtime.exceptions.ResourceNotFoundException) as caught:
        applied(runtime, "a", **changes)
    record = world.record(caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["http_status"]) == ("refused", "not_found", 404)
    with pytest.raises(runtime.exceptions.ResourceNotFoundException):
        applied(aws(key=world.key), "a")
    assert world.count_received() == before


@pytest.mark.quick
def test_retrieve(world, aws):
    agent = aws("bedrock-agent-runtime")
    asked = {"retrievalQuery": {"text": "How many days of holiday? Ask ann@example.com"}}
    how = {"vectorSearchConfiguration": {"numberOfResults": 2}}
    answer = agent.retrieve(knowledgeBaseId=BASE, retrievalConfiguration=how, **asked)
    results = answer["retrievalResults"]
    assert len(results) == 2
    assert "thirty days" in results[0]["content"]["text"]
    assert results[0]["location"]["s3Location"]["uri"].endswith("leave.md")
    assert "ann@example.com" not in str(world.received()[-1])
    others = aws("bedrock-agent-runtime", key=world.key)
    with pytest.raises(others.exceptions.ResourceNotFoundException):
        others.retrieve(knowledgeBaseId=BASE, **asked)
    reranking = {"type": "BEDROCK_RERANKING_MODEL"}
    how = {"vectorSearchConfiguration": {"rerankingConfiguration": reranking}}
    with pytest.raises(agent.exceptions.ValidationException, match="reranking"):
        agent.retrieve(knowledgeBaseId=BASE, retrievalConfiguration=how, **asked)


def generation(model: str, **more: Any) -> dict[str, Any]:
    how = {"knowledgeBaseId": BASE, "modelArn": model} | more
    return {"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": how}


def test_retrieve_and_generate(world, aws):
    agent = aws("bedrock-agent-runtime")
    world.say("Thirty days [1]. Five may be kept [1][2]. Enjoy them.")
    asked = {"text": "How many days of holiday?"}
    arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{CLAUDE}"
    answer = agent.retrieve_and_generate(input=asked, retrieveAndGenerateConfiguration=generation(arn))
    assert answer["output"]["text"] == "Thirty days. Five may be kept. Enjoy them."
    cited = [[each["content"]["text"] for each in one["retrievedReferences"]] for one in answer["citations"]]
    assert [len(each) for each in cited] == [1, 2, 0]
    assert "thirty days" in cited[0][0]
    record = world.record(answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-call-id"])
    assert (record["status"], record["cost_nanos"] > 0, record["requested_model"]) == ("succeeded", True, arn)
    agent.meta.events.register(
        "before-sign.bedrock-agent-runtime.*",
        lambda request, **_: request.headers.add_header("Idempotency-Key", "one of retrieve and generate"),
    )
    said = []
    for _ in range(2):
        world.say("Thirty days [1].")
        again = agent.retrieve_and_generate(input=asked, retrieveAndGenerateConfiguration=generation(arn))
        headers = again["ResponseMetadata"]["HTTPHeaders"]
        said.append((again["output"], headers["x-gatehouse-call-id"], headers.get("x-gatehouse-replayed")))
    assert said[1] == (said[0][0], said[1][1], said[0][1])
    agent = aws("bedrock-agent-runtime")
    for model in ("amazon.nova-pro-v1:0", "no.such-model"):
        before = world.count_received()
        with pytest.raises(ClientError) as caught:
            agent.retrieve_and_generate(input=asked, retrieveAndGenerateConfiguration=generation(model))
        assert caught.value.response["Error"]["Code"] in (
            "AccessDeniedException",
            "ResourceNotFoundException",
        )
        assert world.count_received() == before


@pytest.mark.quick
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "guardrail/gatehouse/version/1/apply",
            {"source": "INPUT", "content": [{"text": {"text": "Hello"}}]},
        ),
        (f"knowledgebases/{BASE}/retrieve", {"retrievalQuery": {"text": "How many days?"}}),
    ],
)
def test_whom_it_is_for_is_not_kept_as_typed(world, key, path, body):
    tags = {"x-api-key": key, "x-gatehouse-end-user": "jane.doe@example.com"}
    answer = HTTP.post(f"{world.url}/bedrock/{path}", json=body, headers=tags)
    assert answer.status_code == 200, answer.text
    end_user = world.record(answer.headers["x-gatehouse-call-id"])["end_user"]
    assert end_user
    assert "jane" not in end_user


def test_what_asks_no_model_counts_in_rate_limits(world, aws):
    key = world.new_key(team="Limited")
    limit = world.set_rate_limit(team="Limited", metric="requests", limit=2, period="minute")
    assert limit
    world.knows(world.new_key(team="Limited"))
    runtime = aws(key=key)
    codes = []
    for _ in range(4):
        with pytest.raises(ClientError) as caught:
            applied(runtime, "a")
        codes.append(caught.value.response["Error"]["Code"])
    assert codes == ["ResourceNotFoundException"] * 2 + ["ThrottlingException"] * 2
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


PATHS = (
    "/bedrock/nothing", "/bedrock/model/a/b", "/bedrock/guardrails", "/bedrock/async-invoke", "/bedrock/model//invoke",
)  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [0, 200_000])
def test_unknown_addresses(world, path, size):
    answer = HTTP.post(world.url + path, content=b"x" * size)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert answer.headers["x-amzn-requestid"]


SPELLINGS = (
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/{id}",
    "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F{id}",
    "bedrock/converse/{id}",
    "{id}%5B1m%5D",
    "us.anthropic.claude-haiku-4-5",
)


@pytest.mark.quick
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("operation", ["converse", "%63onverse", "converse-stream", "invoke", "count-tokens"])
def test_spellings_of_addresses(world, spelling, operation):
    path = f"/bedrock/model/{spelling.format(id=CLAUDE)}/{operation}"
    body: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "a"}]}]}
    if operation == "invoke":
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9} | {
            "messages": [{"role": "user", "content": "a"}]
        }
    if operation == "count-tokens":
        body = {"input": {"converse": body}}
    answer = HTTP.post(world.url + path, json=body, headers={"x-api-key": world.key})
    assert (answer.status_code, answer.headers["x-amzn-requestid"] != "") == (200, True), answer.text


def test_whatever_goes_wrong_has_a_name_and_an_id(world):
    for method, path in (("GET", "/bedrock/model/a/invoke"), ("POST", "/bedrock/foundation-models")):
        answer = HTTP.request(method, world.url + path, headers={"x-api-key": world.key})
        assert_told(answer, 405, "UnknownOperationException")
    assert_told(HTTP.get(f"{world.url}/bedrock/foundation-models"), 401, "UnrecognizedClientException")
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []}
    answer = HTTP.post(f"{world.url}/bedrock/model/{CLAUDE}/invoke", json=body)
    assert_told(answer, 401, "UnrecognizedClientException")


def assert_told(answer: httpx.Response, status: int, name: str) -> None:
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, name)
    assert answer.headers["x-amzn-requestid"]
    assert answer.json()["message"]
