"""Jobs of batch inference and their objects, with boto3 against the simulator: by AWS's shapes, once for a token, record by record."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import orjson
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from embedded.simulator.strict.service import shape_checker
from gateway.providers.bedrock import batch_inference
from gateway.providers.bedrock.batch_inference import (
    MIN_RECORDS,
    BatchInferenceRefusedError,
    Place,
    place_of,
)
from tests.aws_environment import use_aws
from tests.simulator import RunningSimulator, running

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ROLE = "arn:aws:iam::000000000000:role/batches"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def place(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, request: Any) -> Place:
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    use_aws(monkeypatch, {**keys, "AWS_ENDPOINT_URL_S3": simulator.url})
    return place_of(
        "s3://bucket/all", name=request.node.name, role_arn=ROLE, key_arn="", region="us-east-1", endpoint_url=simulator.url
    )  # fmt: skip


def record(number: int, **changes: Any) -> bytes:
    body = {
        "messages": [{"role": "user", "content": [{"text": f"Hello {number}"}]}],
        "inferenceConfig": {"maxTokens": 10},
    }
    return orjson.dumps({"recordId": f"LINE{number:08d}", "modelInput": body | changes}) + b"\n"


def over(place: Place, arn: str) -> batch_inference.JobState:
    for _ in range(3):
        state = batch_inference.state_of(place, arn)
        if state.is_over:
            break
    return state


def test_a_broken_record_loses_none_of_the_others(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    arn = "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/abc"
    lines = [
        b'{"recordId":"LINE00000001","modelOutput":{}}',
        b'{"recordId":"LINE0000',
        b"\xff\xfe",
        b"7",
        b"",
        b'{"recordId":"LINE00000002"}',
    ]
    s3 = batch_inference._s3(place)
    key = f"{place.output_prefix}abc/lines.jsonl.out"
    s3.put_object(Bucket=place.bucket, Key=key, Body=b"\n".join(lines), ServerSideEncryption="AES256")
    found = list(batch_inference.results(place, arn))
    assert [each["recordId"] for each in found] == ["LINE00000001", "LINE00000002"]
    assert "3 records" in caplog.text


def test_what_was_put_is_made_once_and_told_by_record(place: Place) -> None:
    assert not batch_inference.is_put(place)
    records = [record(each) for each in range(MIN_RECORDS)]
    batch_inference.put(place, BytesIO(b"".join([*records, record(MIN_RECORDS, messages=[])])))
    assert batch_inference.is_put(place)
    arn = batch_inference.create(place, model_id=MODEL, token="a1")
    assert batch_inference.create(place, model_id=MODEL, token="a1") == arn
    assert list(batch_inference.results(place, arn)) == []
    assert over(place, arn).status == "Completed"
    found = {each["recordId"]: each for each in batch_inference.results(place, arn)}
    assert len(found) == MIN_RECORDS + 1
    broken = found.pop(f"LINE{MIN_RECORDS:08d}")
    assert (broken["error"]["errorCode"], "modelOutput" in broken) == (400, False)
    for each in found.values():
        assert "error" not in each, each["error"]
        assert each["modelOutput"]["output"]["message"]["role"] == "assistant"
        assert each["modelOutput"]["usage"]["inputTokens"] > 0
    batch_inference.delete(place, arn)
    assert not batch_inference.is_put(place)
    assert list(batch_inference.results(place, arn)) == []


def test_a_job_of_too_few_records_fails_and_one_that_is_stopped_has_made_some(place: Place) -> None:
    batch_inference.put(place, BytesIO(record(1)))
    few = batch_inference.create(place, model_id=MODEL, token="b1")
    assert over(place, few).status == "Failed"
    batch_inference.put(place, BytesIO(b"".join(record(each) for each in range(MIN_RECORDS))))
    arn = batch_inference.create(place, model_id=MODEL, token="b2")
    batch_inference.stop(place, arn)
    assert over(place, arn).status == "Stopped"
    assert 0 < len(list(batch_inference.results(place, arn))) < MIN_RECORDS
    batch_inference.stop(place, arn)  # it has ended, and stays as it is


def test_what_aws_refuses_is_told(place: Place, simulator: RunningSimulator) -> None:
    with pytest.raises(BatchInferenceRefusedError, match="ResourceNotFound"):
        batch_inference.state_of(
            place, "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/00000000ffff"
        )
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        simulator.client(service="bedrock").create_model_invocation_job(
            jobName="a b", roleArn=ROLE, modelId=MODEL, inputDataConfig={"s3InputDataConfig": {"s3Uri": "s3://a/b.jsonl"}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://a/c/"}},
        )  # fmt: skip


@given(st.uuids())
def test_the_names_of_every_batch_are_of_awss_shapes(batch_id: Any) -> None:
    check_token = shape_checker("bedrock", "ModelInvocationIdempotencyToken")
    check_name = shape_checker("bedrock", "ModelInvocationJobName")
    assert check_token(batch_id.hex) is None
    assert check_name(f"gatehouse-{batch_id.hex}") is None


@pytest.mark.parametrize("address", ["s3://bucket", "s3://bucket/", "s3://bucket/a/b", "s3://bucket/a/b/"])
def test_objects_are_below_the_address(address: str) -> None:
    found = place_of(address, name="batch_1", role_arn=ROLE, key_arn="", region="", endpoint_url="")
    assert found.bucket == "bucket"
    assert re.fullmatch(r"(a/b/)?batch_1/input/lines\.jsonl", found.input_key)
