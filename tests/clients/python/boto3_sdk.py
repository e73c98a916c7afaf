"""boto3, with AWS_ENDPOINT_URL_BEDROCK_RUNTIME and the key as access key ID: Converse and InvokeModel."""

import base64
import json

import boto3
from checks import SONNET_ID, TITAN, WEATHER, check, pdf, png, two_calls, versions

client = boto3.client("bedrock-runtime")
QUESTION = [{"role": "user", "content": [{"text": "How warm is it in Bern?"}]}]
TOOLS = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": WEATHER}}}]}


def text(answer):
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def ask(*blocks, **members):
    content = [{"text": "Hello"}, *blocks]
    return client.converse(modelId=SONNET_ID, messages=[{"role": "user", "content": content}], **members)


def stream(**members):
    events = client.converse_stream(modelId=SONNET_ID, messages=QUESTION, **members)["stream"]
    return [next(iter(event.items())) for event in events]


def parallel():
    two_calls()
    first = client.converse(modelId=SONNET_ID, messages=QUESTION, toolConfig=TOOLS)["output"]["message"]
    ids = [block["toolUse"]["toolUseId"] for block in first["content"]]
    assert len(ids) == 2
    results = [{"toolResult": {"toolUseId": name, "content": [{"text": "12"}]}} for name in ids]
    history = [*QUESTION, first, {"role": "user", "content": results}]
    return text(client.converse(modelId=SONNET_ID, messages=history, toolConfig=TOOLS))


def structured():
    schema = {"schema": json.dumps({**WEATHER, "additionalProperties": False}), "name": "city"}
    form = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    return json.loads(text(ask(outputConfig=form)))


def invoke(model, body):
    return json.loads(client.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def invoke_stream():
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99}
    body["messages"] = [{"role": "user", "content": "Hello"}]
    answer = client.invoke_model_with_response_stream(modelId=SONNET_ID, body=json.dumps(body))
    kinds = [json.loads(event["chunk"]["bytes"])["type"] for event in answer["body"]]
    return kinds[0] == "message_start" and kinds[-1] == "message_stop"


def thinking():
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    return "reasoningContent" in ask(additionalModelRequestFields=fields)["output"]["message"]["content"][0]


def not_found():
    try:
        client.converse(modelId="nothing.such-v1:0", messages=QUESTION)
    except client.exceptions.ResourceNotFoundException as error:
        return error.response["ResponseMetadata"]["RequestId"]
    return None


def streamed_tools():
    return [name for name, _ in stream(toolConfig=TOOLS)].count("contentBlockStart") == 1


versions("boto3")
check("chat", lambda: text(ask()))
check("stream", lambda: stream()[-1][0] == "metadata")
check("tools", streamed_tools)
check("parallel tools", parallel)
check("structured", structured)
check("images", lambda: text(ask({"image": {"format": "png", "source": {"bytes": base64.b64decode(png())}}})))
check(
    "documents",
    lambda: text(
        ask({"document": {"format": "pdf", "name": "a", "source": {"bytes": base64.b64decode(pdf())}}})
    ),
)
check("reasoning", thinking)
check("embeddings", lambda: invoke(TITAN, {"inputText": "Hello"})["embedding"])
check(
    "embeddings: Cohere",
    lambda: invoke("cohere.embed-english-v3", {"texts": ["a", "b"], "input_type": "search_document"}),
)
check(
    "InvokeModel: Nova",
    lambda: invoke("amazon.nova-lite-v1:0", {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}),
)
check("InvokeModel: stream", invoke_stream)
check("errors", not_found)
