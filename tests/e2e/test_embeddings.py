"""Embeddings through OpenAI's SDK: counted, charged, masked and recorded like any call."""

import openai
import pytest

from tests.services import until

MODEL = "titan-embed-text-v2"
MULTI = "cohere-embed-multilingual-v3"


@pytest.fixture
def client(world):
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=world.key, max_retries=0) as client:
        yield client


def dot(a, b) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_near_texts_have_near_vectors(world, client):
    texts = ["the cat sat on the mat", "a cat sat on a mat", "quarterly revenue forecast"]
    raw = client.embeddings.with_raw_response.create(model=MODEL, input=texts, dimensions=512)
    cat, other_cat, revenue = (row.embedding for row in raw.parse().data)
    assert len(cat) == 512
    assert dot(cat, other_cat) > dot(cat, revenue) + 0.2
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["status"], record["output_tokens"], record["attempts"]) == ("succeeded", 0, 1)
    assert record["input_tokens"] == raw.parse().usage.prompt_tokens > 10
    # $0.02 a million tokens
    assert record["cost_nanos"] == -(-record["input_tokens"] * 20_000_000 // 1_000_000)
    assert record["cost_nanos"] <= record["reserved_nanos"]


@pytest.mark.quick
def test_one_text_and_many(client):
    one = client.embeddings.create(model=MULTI, input="hello", encoding_format="float")
    assert len(one.data[0].embedding) == 1024
    many = client.embeddings.create(model=MULTI, input=[f"text {n}" for n in range(120)])
    assert [row.index for row in many.data] == list(range(120))
    assert many.data[7].embedding != many.data[100].embedding


def test_tokens_are_read_and_said(client):
    raw = client.embeddings.with_raw_response.create(model=MULTI, input=[[6600, 2448, 68, 8510], [65]])
    assert raw.headers["x-gatehouse-adjusted"] == "input; read_as=cl100k_base"
    by_text = client.embeddings.create(model=MULTI, input=["Grüezi", "b"])
    assert [row.embedding for row in raw.parse().data] == [row.embedding for row in by_text.data]


def test_personal_data_is_masked(world, client):
    client.embeddings.create(model=MODEL, input="write to ann@example.com", user="x")
    assert "ann@example.com" not in str(world.received()[-1])


BAD = {
    "a part of a character": {"input": [[9468]]},
    "nothing": {"input": []},
    "empty": {"input": ["a", ""]},
    "too many": {"input": ["a"] * 2049},
    "other dimensions": {"input": "a", "dimensions": 7},
    "too long": {"input": "word " * 20_000},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_is_refused(client, body):
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=MODEL, **body)


def test_chats_and_embeddings_are_not_mixed_up(world, client):
    with pytest.raises(openai.BadRequestError, match="chat/completions"):
        client.embeddings.create(model="claude-sonnet-4-5", input="a")
    answer = world.chat(model=MODEL)
    assert (answer.status_code, "/v1/embeddings" in answer.text) == (400, True)


def test_what_was_done_before_a_fault_is_charged(world, client):
    world.fault("us-east-1", throttle_rate=0.5)
    world.fault("us-west-2", throttle_rate=0.5)
    try:
        until(lambda: _fails(client), what="a fault in the middle")
    finally:
        world.heal()
    failed = world.execute(
        "SELECT * FROM governance_auditrecord WHERE status = 'failed' AND model = 'amazon.titan-embed-text-v2:0' AND cost_nanos > 0"
    )
    assert failed
    assert all(row["input_tokens"] > 0 and not row["is_estimated"] for row in failed)


def _fails(client) -> bool:
    try:
        client.embeddings.create(model=MODEL, input=[f"text {n}" for n in range(8)])
    except openai.APIStatusError:
        return True
    return False
