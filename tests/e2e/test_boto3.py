"""boto3, unchanged, with `endpoint_url`: the key is its bearer token over HTTPS, its access key ID over plain HTTP."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.conftest import World

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
QUESTION = [{"role": "user", "content": [{"text": "Write to ann@example.com"}]}]
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "send",
                "inputSchema": {"json": {"type": "object", "properties": {"to": {"type": "string"}}}},
            }
        }
    ],
    "toolChoice": {"any": {}},
}


CONFIG = Config(retries={"total_max_attempts": 1})


def client_for(world: World, key: str | None = None):
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{world.url}/bedrock",
        aws_access_key_id=key or world.key,
        aws_secret_access_key="unused",
        config=CONFIG,
    )


@pytest.fixture
def client(world: World) -> Iterator:
    bedrock = client_for(world)
    yield bedrock
    bedrock.close()


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed"
)
def test_a_bearer_token_over_https(world, tmp_path, monkeypatch):
    certificate, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-keyout",
        private,
        "-out",
        certificate,
    )
    subprocess.run([*made, *subject], check=True, capture_output=True)
    tls = {"GATEHOUSE_TLS_CERTIFICATE": str(certificate), "GATEHOUSE_TLS_KEY": str(private)}
    server = world.stack.gateway(env=tls)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", world.key)
    bedrock = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{server.url}/bedrock",
        config=CONFIG,
        verify=os.fspath(certificate),
    )
    try:
        answer = bedrock.converse(modelId=MODEL, messages=QUESTION)
        assert "ann@example.com" in answer["output"]["message"]["content"][0]["text"]
        stream = bedrock.converse_stream(modelId=MODEL, messages=QUESTION)["stream"]
        assert [next(iter(event)) for event in stream][-1] == "metadata"
    finally:
        bedrock.close()
        server.stop()


@pytest.mark.quick
def test_converse(world, client):
    answer = client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig={"maxTokens": 300})
    assert "ann@example.com" in answer["output"]["message"]["content"][0]["text"]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["totalTokens"] == answer["usage"]["inputTokens"] + answer["usage"]["outputTokens"]
    record = world.record(answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-call-id"])
    assert (record["wire_format"], record["status"], record["requested_model"]) == (
        "converse",
        "succeeded",
        MODEL,
    )


@pytest.mark.quick
def test_converse_stream(client):
    whole = client.converse(modelId=MODEL, messages=QUESTION)["output"]["message"]["content"][0]["text"]
    events = list(client.converse_stream(modelId=MODEL, messages=QUESTION)["stream"])
    kinds = [next(iter(event)) for event in events]
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]
    assert (
        "".join(
            event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event
        )
        == whole
    )
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_tools_whole_and_streamed(client):
    answer = client.converse(modelId=MODEL, messages=QUESTION, toolConfig=TOOLS)
    (use,) = [block["toolUse"] for block in answer["output"]["message"]["content"] if "toolUse" in block]
    assert "ann@example.com" in use["input"]["to"]
    assert answer["stopReason"] == "tool_use"
    events = list(client.converse_stream(modelId=MODEL, messages=QUESTION, toolConfig=TOOLS)["stream"])
    pieces = [e["contentBlockDelta"]["delta"]["toolUse"]["input"] for e in events if "contentBlockDelta" in e]
    assert "ann@example.com" in "".join(pieces)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modelId": "anthropic.nothing-v1:0"}, "ResourceNotFoundException"),
        ({"messages": [*QUESTION, *QUESTION]}, "ValidationException"),
        ({"messages": []}, "ValidationException"),
    ],
)
def test_errors_have_awss_shape(client, changes, code):
    arguments = {"modelId": MODEL, "messages": QUESTION} | changes
    for operation in (client.converse, client.converse_stream):
        with pytest.raises(ClientError) as caught:
            operation(**arguments)
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["Error"]["Message"]


def test_a_wrong_key(world):
    client = client_for(world, key="gh_wrong")
    with pytest.raises(ClientError) as caught:
        client.converse(modelId=MODEL, messages=QUESTION)
    client.close()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
