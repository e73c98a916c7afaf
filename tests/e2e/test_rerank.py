"""Rerankers in the shape that Cohere's and Jina's clients share, guarded and charged as all calls are."""

import json

import pytest

from tests.e2e.conftest import World
from tests.e2e.wire import adjusted

QUERY = "How do I reset my password?"
DOCUMENTS = [
    "Our cafeteria is open from nine.",
    "To reset a password, open the settings.",
    "Write to ann@example.com about invoices.",
]


@pytest.mark.parametrize(
    ("model", "nanos"), [("cohere-rerank-v3-5", 2_000_000), ("amazon-rerank-v1", 1_000_000)]
)
def test_documents_are_ranked_and_the_query_is_charged(world: World, model: str, nanos: int) -> None:
    body = {"model": model, "query": QUERY, "documents": [DOCUMENTS[0], {"text": DOCUMENTS[1]}, DOCUMENTS[2]]}
    answer = world.post(
        "/v1/rerank", json=body | {"return_documents": True, "top_n": 2, "max_chunks_per_doc": 3}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["results"][0]["index"] == 1
    assert len(found["results"]) == 2
    assert found["results"][0]["document"] == {"text": DOCUMENTS[1]}
    assert found["meta"]["billed_units"] == {"search_units": 1}
    assert "ann@example.com" not in json.dumps(world.received()[-1]["body"])
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["cost_nanos"], record["reserved_nanos"]) == ("succeeded", nanos, nanos)
    assert record["findings"] == {"EMAIL_ADDRESS": 1}
    assert adjusted(answer) == "max_chunks_per_doc; dropped"


def test_a_query_is_refused_that_a_budget_has_no_room_for(world: World) -> None:
    world.new_key(team="Ranking")
    world.set_budget(team="Ranking", limit_nanos=1_999_999)
    key = world.new_key(team="Ranking")  # which no gateway knows without its budget
    world.knows(key)
    body = {"query": QUERY, "documents": DOCUMENTS}
    assert world.post("/v1/rerank", key=key, json=body | {"model": "cohere-rerank-v3-5"}).status_code == 402
    assert world.post("/v1/rerank", key=key, json=body | {"model": "amazon-rerank-v1"}).status_code == 200


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["x" * 151_000]}, "documents"),
        ({"documents": [""]}, "documents[0]"),
        ({"documents": [{"title": "x"}]}, "documents[0]"),
        ({"query": ""}, None),
        ({"top_n": 0}, None),
        ({"model": "claude-sonnet-4-5"}, "model"),
    ],
)
def test_what_can_not_be_ranked_is_refused_by_name(
    world: World, members: dict[str, object], param: str | None
) -> None:
    body = {"model": "cohere-rerank-v3-5", "query": QUERY, "documents": DOCUMENTS} | members
    answer = world.post("/v1/rerank", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_reranker_does_not_chat(world: World) -> None:
    answer = world.chat("Hello", model="cohere-rerank-v3-5")
    assert answer.status_code == 400
    assert "/v1/rerank" in answer.json()["error"]["message"]
