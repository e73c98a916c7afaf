"""What a call may cost, and what it is told by: holds of documents, and the call's id in the request's metadata."""

from base64 import b64encode

import pytest

from tests.e2e.conftest import MODEL
from tests.gateway.wire.media_files import pdf, png

PAGES = 20
INPUT_NANOS = 3_000
"""Of one token of the model."""


def converse(world, *blocks, **members):
    content = [{"text": "What is this?"}, *blocks]
    body = {
        "messages": [{"role": "user", "content": content}],
        "inferenceConfig": {"maxTokens": 20},
    } | members
    return world.post(f"/bedrock/model/{MODEL}/converse", json=body)


def file(kind, form, data):
    return {
        kind: {"format": form, "source": {"bytes": b64encode(data).decode()}}
        | ({"name": "a file"} if kind == "document" else {})
    }


def held(world, *blocks):
    answer = converse(world, *blocks)
    assert answer.status_code == 200, answer.text
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["cost_nanos"] <= record["reserved_nanos"]
    return record["reserved_nanos"]


@pytest.mark.quick
def test_a_pdf_is_held_by_its_pages_however_well_it_packs(world):
    packed = pdf(["The same words again. " * 40] * PAGES, packed=True, shared=True)
    assert len(packed) < 1_000
    assert held(world, file("document", "pdf", packed)) > PAGES * 3_000 * INPUT_NANOS


def test_a_document_that_can_t_be_measured_is_held_for_more_and_answered_all_the_same(world):
    encrypted = pdf(["Words. "]).replace(b"/Root", b"/Encrypt 9 0 R /Root")
    answer = converse(world, file("document", "pdf", encrypted))
    assert answer.status_code == 200, answer.text


def test_a_small_image_is_held_for_little(world):
    small, large = (held(world, file("image", "png", png(size, size))) for size in (56, 4000))
    assert large - small > 1_000 * INPUT_NANOS


@pytest.mark.quick
def test_the_call_s_id_goes_with_as_many_entries_as_bedrock_takes(world):
    given = {f"name-{number}": "a value" for number in range(15)}
    answer = converse(world, requestMetadata=given)
    assert answer.status_code == 200, answer.text
    call_id = answer.headers["x-gatehouse-call-id"]
    assert world.received()[-1]["body"]["requestMetadata"] == given | {"gatehouse-call-id": call_id}
    refused = converse(world, requestMetadata=given | {"name-15": "a value"})
    assert refused.status_code == 400
    assert refused.headers["x-amzn-errortype"] == "ValidationException"
    assert "15 of your own" in refused.json()["message"]
