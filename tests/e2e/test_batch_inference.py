"""Batches by Bedrock's batch inference: at half price, masked in S3, cancelled, and settled once whatever dies."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import openai
import pytest

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from gateway.catalogue.models import Price
from tests.e2e.conftest import World
from tests.e2e.test_batches import SECRET, ended, held, line, lines, rows, send, told
from tests.e2e.test_jobs import Worker
from tests.governance.limits.invariants import assert_sound
from tests.services import Stack, temporary_folder, until

pytestmark = [pytest.mark.slow]
BUCKET = "lines"
ROLE = "arn:aws:iam::000000000000:role/batches"


@pytest.fixture(scope="module")
def batches() -> Iterator[World]:
    """A stack of its own, with a bucket and a price of batch inference."""
    with Stack(temporary_folder(), durable=True) as stack:
        stack.manage("load_catalog")
        stack.make(half_prices)
        world = World(stack, stack.gateway(env=inference(stack)), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world


def inference(stack: Stack) -> dict[str, str]:
    return {
        "GATEHOUSE_BATCH_BUCKET": f"s3://{BUCKET}/gatehouse",
        "GATEHOUSE_BATCH_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_S3": stack.simulator,
    }


def half_prices() -> None:
    for price in list(Price.objects.filter(tier="")):
        for name in ("input_rate", "output_rate"):
            setattr(price, name, getattr(price, name) // 2)
        price.pk, price.tier = None, "batch"
        price.save()


@pytest.fixture(scope="module")
def worker(batches: World) -> Iterator[Worker]:
    running = Worker(batches.stack, batches.url, **inference(batches.stack))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(batches: World) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=batches.key) as made:
        yield made


def stored(world: World, batch_id: str) -> list[dict[str, Any]]:
    """What S3 got of a batch."""
    s3 = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=world.stack.simulator, aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )  # fmt: skip
    found = s3.get_object(Bucket=BUCKET, Key=f"gatehouse/{batch_id}/input/lines.jsonl")["Body"].read()
    s3.close()
    return [json.loads(each) for each in found.splitlines()]


def charged(world: World, feature: str) -> list[dict[str, Any]]:
    return world.execute("SELECT * FROM governance_auditrecord WHERE feature = %s", feature)


def test_a_hundred_lines_are_made_at_half_the_price_and_no_secret_leaves(batches, worker, client):
    number = 105
    content = lines(*(line(each, SECRET if each == 7 else "Hello") for each in range(number)))
    batch = send(client, content, extra_headers={"X-Gatehouse-Feature": "half"})
    found = ended(client, batch)
    assert found.status == "completed", found
    assert found.model_extra is not None
    assert found.model_extra["gatehouse"] == {"mode": "batch_inference"}, found
    counts = found.request_counts
    assert counts is not None
    assert (counts.total, counts.completed, counts.failed) == (number, number, 0), told(client, found.error_file_id)
    assert len(told(client, found.output_file_id)) == number
    sent = stored(batches, batch.id)
    assert len(sent) == number
    assert "4111" not in json.dumps(sent)
    [row] = rows(batches, batch)
    records = charged(batches, "half")
    assert len(records) == number
    assert 0 < row["cost_nanos"] == sum(each["cost_nanos"] for each in records) <= row["held_nanos"]
    whole = batches.chat(max_tokens=20)
    one = batches.record(whole.headers["x-gatehouse-call-id"])
    same = next(each for each in records if each["output_tokens"] == one["output_tokens"] and each["input_tokens"] == one["input_tokens"])
    assert same["cost_nanos"] * 2 == one["cost_nanos"]
    assert held(batches) == 0
    assert_sound(batches.execute)
