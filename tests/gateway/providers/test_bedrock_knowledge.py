"""Bedrock Knowledge Bases against the simulator: by plain boto3, and by the gateway over its own transport."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from embedded.environment import with_simulator
from embedded.simulator.knowledge import BUILT_IN
from gateway.providers.bedrock.client import BedrockClient
from gateway.providers.bedrock.credentials import CredentialSource
from gateway.providers.bedrock.knowledge import SERVICE, KnowledgeBases
from gateway.providers.transport import Transport
from gateway.refusals import Refusal
from prompts.knowledge.policy.fusion import fuse
from tests.simulator import RunningSimulator, running

REGION = "eu-central-1"
MODEL = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0"
QUESTION = "How many days of holiday do employees have?"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def simulator(server: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    for name, value in with_simulator({}, server.url).items():
        monkeypatch.setenv(name, value)
    server.reset()
    return server


def control(simulator: RunningSimulator, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{simulator.url}/_simulator/{path}", data, method=method), timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def asked(simulator: RunningSimulator, name: str, *arguments: Any, url: str = "", **options: Any) -> Any:
    """One question by the gateway's own client."""

    async def scenario() -> Any:
        client = BedrockClient(
            transport=Transport(max_connections=2, connect_timeout_seconds=5), credentials=CredentialSource(),
            endpoint_url=url or simulator.url, service=SERVICE,
        )  # fmt: skip
        try:
            usual = {"base_id": 7, "bedrock_id": BUILT_IN, "region": REGION, "number": 3}
            return await getattr(KnowledgeBases(client), name)(*arguments, **usual | options)
        finally:
            await client.close()

    return asyncio.run(scenario())


def test_retrieve_by_boto3(simulator):
    client = simulator.client(REGION, service="bedrock-agent-runtime")
    answer = client.retrieve(
        knowledgeBaseId=BUILT_IN,
        retrievalQuery={"text": QUESTION},
        retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": 2}},
    )
    first, second = answer["retrievalResults"]
    assert "thirty days" in first["content"]["text"]
    assert first["location"] == {"type": "S3", "s3Location": {"uri": "s3://simulated/leave.md"}}
    assert 1 >= first["score"] > second["score"] >= 0


def test_retrieve_and_generate_by_boto3(simulator):
    client = simulator.client(REGION, service="bedrock-agent-runtime")
    how = {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {"knowledgeBaseId": BUILT_IN, "modelArn": MODEL},
    }
    answer = client.retrieve_and_generate(input={"text": QUESTION}, retrieveAndGenerateConfiguration=how)
    assert answer["output"]["text"].startswith("[simulated] Employees have thirty days")
    [citation] = answer["citations"]
    assert citation["retrievedReferences"][0]["location"]["s3Location"]["uri"] == "s3://simulated/leave.md"
    assert answer["sessionId"]


@pytest.mark.parametrize(
    ("base", "question", "number", "code"),
    [
        ("NOTTHERE01", QUESTION, 3, "ResourceNotFoundException"),
        (BUILT_IN, QUESTION, 101, "ValidationException"),
    ],
)
def test_what_it_refuses(simulator, base, question, number, code):
    client = simulator.client(REGION, service="bedrock-agent-runtime")
    with pytest.raises(ClientError) as refused:
        client.retrieve(
            knowledgeBaseId=base,
            retrievalQuery={"text": question},
            retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": number}},
        )
    assert refused.value.response["Error"]["Code"] == code


def test_passages_can_be_set(simulator):
    control(simulator, "PUT", "knowledge/MYOWNBASE1", [{"text": "Cats purr.", "uri": "s3://x/cats.md"}])
    try:
        found = asked(simulator, "retrieve", "What do cats do?", bedrock_id="MYOWNBASE1")
        assert [(each.document, each.text) for each in found] == [("s3://x/cats.md", "Cats purr.")]
        assert set(control(simulator, "GET", "knowledge")) == {BUILT_IN, "MYOWNBASE1"}
    finally:
        control(simulator, "DELETE", "knowledge")
    with pytest.raises(Refusal, match="no such knowledge base"):
        asked(simulator, "retrieve", "What do cats do?", bedrock_id="MYOWNBASE1")


def test_the_gateway_s_passages_are_like_those_kept_here(simulator):
    found = asked(simulator, "retrieve", QUESTION)
    assert [each.by_vector for each in found] == [1, 2, 3]
    retrieved = fuse(found, top_k=1, floor=0.1, max_tokens=500)
    [passage] = retrieved.passages
    assert (passage.document, passage.base_id, passage.chunk_id) == ("s3://simulated/leave.md", 7, None)
    assert passage.tokens > 5
    assert retrieved.confidence == pytest.approx(passage.similarity, abs=0.001)


def test_the_gateway_s_answers_cite(simulator):
    made = asked(simulator, "retrieve_and_generate", QUESTION, model=MODEL)
    assert "thirty days" in made.text
    assert [each.document for each in made.cited] == ["s3://simulated/leave.md"]


def test_faults_are_refusals(simulator):
    simulator.configure(REGION, throttle_rate=1.0)
    with pytest.raises(Refusal) as refused:
        asked(simulator, "retrieve", QUESTION)
    assert refused.value.code == "upstream_throttled"
    with pytest.raises(Refusal, match="can't be reached"):
        asked(simulator, "retrieve", QUESTION, url="http://127.0.0.1:9")


def test_real_addresses_are_of_the_right_service():
    client = BedrockClient(
        transport=Transport(max_connections=1, connect_timeout_seconds=1),
        credentials=CredentialSource(),
        service=SERVICE,
    )
    assert client.address("eu-west-1")[0] == "https://bedrock-agent-runtime.eu-west-1.amazonaws.com"
