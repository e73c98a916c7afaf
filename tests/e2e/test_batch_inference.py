"""Batches by Bedrock's batch inference: at half price, masked in S3, cancelled, and settled once whatever dies."""

import json
import re
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
    try:
        found = s3.get_object(Bucket=BUCKET, Key=f"gatehouse/{batch_id}/input/lines.jsonl")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return []
    finally:
        s3.close()
    return [json.loads(each) for each in found.splitlines()]


def charged(world: World, feature: str) -> list[dict[str, Any]]:
    return world.execute("SELECT * FROM governance_auditrecord WHERE feature = %s", feature)


def test_a_hundred_lines_are_made_at_half_the_price_and_no_secret_leaves(batches, worker, client):
    number = 105
    content = lines(*(line(each, SECRET if each == 7 else "Hello") for each in range(number)))
    batch = send(client, content, extra_headers={"X-Gatehouse-Feature": "half"})
    until(lambda: stored(batches, batch.id), seconds=60, what="its lines in S3")
    sent = stored(batches, batch.id)
    [hidden] = set(re.findall(r"<[A-Z_]+_[0-9a-f]+>", json.dumps(sent)))
    batches.say({"match": hidden, "text": f"It is {hidden}."})
    found = ended(client, batch)
    batches.heal()
    assert found.status == "completed", found
    assert found.model_extra is not None
    assert found.model_extra["gatehouse"] == {"mode": "batch_inference"}, found
    counts = found.request_counts
    assert counts is not None
    assert (counts.total, counts.completed, counts.failed) == (number, number, 0), told(
        client, found.error_file_id
    )
    answers = told(client, found.output_file_id)
    assert len(answers) == number
    assert "It is 4111 1111 1111 1111." in json.dumps(answers["line-7"])
    assert len(sent) == number
    assert "4111" not in json.dumps(sent)
    [row] = rows(batches, batch)
    records = charged(batches, "half")
    assert len(records) == number
    assert 0 < row["cost_nanos"] == sum(each["cost_nanos"] for each in records) <= row["held_nanos"]
    whole = batches.chat(max_tokens=20)
    one = batches.record(whole.headers["x-gatehouse-call-id"])
    same = next(
        each
        for each in records
        if each["output_tokens"] == one["output_tokens"] and each["input_tokens"] == one["input_tokens"]
    )
    assert same["cost_nanos"] * 2 == one["cost_nanos"]
    assert held(batches) == 0
    assert_sound(batches.execute)
    assert stored(batches, batch.id) == []  # nothing is left there


def test_fewer_than_a_hundred_go_over_the_queue_and_broken_records_are_told(batches, worker, client):
    few = send(client, lines(line(1), line(2)))
    error = {"type": "ValidationException", "message": "The record is broken."}
    batches.say({"match": "Broken", "error": error})
    batch = send(client, lines(*(line(each) for each in range(100)), line("bad", "Broken")))
    found, other = ended(client, batch), ended(client, few)
    assert other.model_extra is not None
    assert other.model_extra["gatehouse"] == {"mode": "queue"}
    assert other.status == found.status == "completed"
    assert found.request_counts is not None
    assert found.request_counts.completed == 100
    [told_error] = told(client, found.error_file_id).values()
    assert told_error["custom_id"] == "line-bad"
    assert "The record is broken." in json.dumps(told_error)
    batches.heal()
    assert held(batches) == 0


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
def test_stopped_it_charges_what_was_made_and_lets_go_of_the_rest(batches, worker, client, ending):
    number = 120
    content = lines(*(line(each) for each in range(number)))
    batch = send(client, content, extra_headers={"X-Gatehouse-Feature": ending})
    until(
        lambda: [each for each in rows(batches, batch) if each["inference_arn"]], seconds=60, what="its job"
    )
    assert held(batches) > 0
    if ending == "cancelled":
        client.batches.cancel(batch.id)
    else:
        name = batch.id.removeprefix("batch_")
        batches.execute("UPDATE gateway_batch SET deadline_at = now() WHERE id = %s", name)
    found = ended(client, batch)
    assert found.status == ending
    answers, errors = told(client, found.output_file_id), told(client, found.error_file_id)
    assert (len(answers), len(errors)) == (number // 2, number - number // 2)
    assert {each["error"]["code"] for each in errors.values()} == {f"batch_{ending}"}
    assert len([each for each in charged(batches, ending) if each["cost_nanos"]]) == number // 2
    assert held(batches) == 0
    assert_sound(batches.execute)


def test_a_worker_that_dies_while_bedrock_works_settles_once(batches, worker, client):
    number = 100
    content = lines(*(line(each) for each in range(number)))
    batch = send(client, content, extra_headers={"X-Gatehouse-Feature": "dead"})
    until(lambda: stored(batches, batch.id), seconds=60, what="its lines in S3")
    worker.kill("worker")
    batches.server.kill()
    # Nobody has written down which job it is, and a minute goes by.
    batches.execute(
        "UPDATE gateway_batch SET inference_arn = '', lease_until = now(), sent_at = NULL, look_at = NULL WHERE id = %s",
        batch.id.removeprefix("batch_"),
    )
    batches.server.start()
    worker.stop()
    worker.start()
    found = ended(client, batch)
    assert found.status == "completed", found
    assert len(told(client, found.output_file_id)) == number
    assert len(charged(batches, "dead")) == number
    assert held(batches) == 0
    assert_sound(batches.execute)
