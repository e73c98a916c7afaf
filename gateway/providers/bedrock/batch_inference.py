"""Jobs of Bedrock's batch inference, and the objects in S3 that they read and write. Each function blocks: call it from a thread.

A job reads one JSONL file of `{"recordId", "modelInput"}` and writes `<its name>.out` in a folder of its own below the output's
address, named by the last part of the job's ARN, with `manifest.json.out` beside it. Records come in any order. With the invocation
type Converse, `modelInput` is the body of Converse and `modelOutput` its answer. Sources: botocore's model of `bedrock`; Amazon
Bedrock User Guide, "Format and upload your batch inference data" and "View the results of a batch inference job".
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.providers.bedrock.boto_time import timed_client

logger = logging.getLogger(__name__)

MIN_RECORDS = 100
"""Records of a job, at least. Source: "Quotas for Amazon Bedrock", "Minimum number of records per batch inference job"."""
OVER = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
"""States in which nothing is done any more."""
_CONFIG = Config(connect_timeout=3, read_timeout=50, retries={"total_max_attempts": 2})
_MAX_TOLD = 300
_HOURS = 24
"""A job may take from 24 hours on (botocore's model, `ModelInvocationJobTimeoutDurationInHours`)."""
_MISSING = ("404", "NoSuchKey", "NotFound", "ResourceNotFoundException")


class BatchInferenceAwayError(Exception):
    """AWS did not do it now: it is tried again."""


class BatchInferenceRefusedError(Exception):
    """AWS says that it will not do it. The message says why, behind AWS's code."""

    @property
    def is_missing(self) -> bool:
        """Whether what was asked for is not there."""
        return str(self).startswith(_MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a batch's objects are, and who may read and write them for Bedrock."""

    bucket: str
    prefix: str
    role_arn: str
    key_arn: str
    region: str
    endpoint_url: str

    @property
    def input_key(self) -> str:
        return f"{self.prefix}input/lines.jsonl"

    @property
    def output_prefix(self) -> str:
        return f"{self.prefix}output/"


@dataclass(frozen=True, slots=True)
class JobState:
    status: str
    message: str

    @property
    def is_over(self) -> bool:
        return self.status in OVER


def place_of(
    address: str, *, name: str, role_arn: str, key_arn: str, region: str, endpoint_url: str
) -> Place:
    """A batch's own folder below `s3://bucket/prefix`."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    folder = f"{prefix.strip('/')}/{name}/".lstrip("/")
    return Place(
        bucket=bucket, prefix=folder, role_arn=role_arn, key_arn=key_arn, region=region, endpoint_url=endpoint_url
    )  # fmt: skip


def is_put(place: Place) -> bool:
    """Whether a batch's lines are in S3. An object is there whole or not at all."""
    try:
        _s3(place).head_object(Bucket=place.bucket, Key=place.input_key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return False
        raise BatchInferenceAwayError(str(error)[:_MAX_TOLD]) from error
    except BotoCoreError as error:
        raise BatchInferenceAwayError(str(error)[:_MAX_TOLD]) from error
    return True


def put(place: Place, lines: IO[bytes]) -> None:
    """Puts a batch's lines into S3, encrypted there."""
    how = {"ServerSideEncryption": "AES256"}
    if place.key_arn:
        how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": place.key_arn}
    _asked(
        lambda: _s3(place).put_object(
            Bucket=place.bucket, Key=place.input_key, Body=lines, ContentType="application/jsonl", **how
        )
    )


def create(place: Place, *, model_id: str, token: str) -> str:
    """The ARN of the job. The same token makes it once, however often it is asked for. Raises BatchInferenceRefusedError, too."""
    output = {"s3Uri": f"s3://{place.bucket}/{place.output_prefix}"}
    if place.key_arn:
        output["s3EncryptionKeyId"] = place.key_arn
    answer = _asked(
        lambda: _bedrock(place).create_model_invocation_job(
            jobName=f"gatehouse-{token}",
            clientRequestToken=token,
            roleArn=place.role_arn,
            modelId=model_id,
            modelInvocationType="Converse",
            timeoutDurationInHours=_HOURS,
            inputDataConfig={
                "s3InputDataConfig": {
                    "s3Uri": f"s3://{place.bucket}/{place.input_key}",
                    "s3InputFormat": "JSONL",
                }
            },
            outputDataConfig={"s3OutputDataConfig": output},
        )
    )
    return str(answer["jobArn"])


def state_of(place: Place, arn: str) -> JobState:
    answer = _asked(lambda: _bedrock(place).get_model_invocation_job(jobIdentifier=arn))
    return JobState(answer["status"], str(answer.get("message") or "")[:_MAX_TOLD])


def stop(place: Place, arn: str) -> None:
    """Ends a job early; one that has ended stays as it is."""
    with suppress(BatchInferenceRefusedError):
        _asked(lambda: _bedrock(place).stop_model_invocation_job(jobIdentifier=arn))


def results(place: Place, arn: str) -> Iterator[dict[str, Any]]:
    """What came of each record, in no order; nothing where the job has written no file. A line that can't be read is left out, as
    if its record had not been made: it costs nothing, and none of the others is lost."""
    key = f"{place.output_prefix}{arn.rpartition('/')[2]}/lines.jsonl.out"
    try:
        answer = _asked(lambda: _s3(place).get_object(Bucket=place.bucket, Key=key))
    except BatchInferenceRefusedError as error:
        if error.is_missing:
            return
        raise
    broken = 0
    for line in _lines_of(answer["Body"]):
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, dict):
            yield found
        else:
            broken += 1
    if broken:
        logger.error("%d records in s3://%s/%s can't be read", broken, place.bucket, key)


def _lines_of(body: Any) -> Iterator[bytes]:
    """Raises BatchInferenceAwayError where it breaks off."""
    try:
        for line in body.iter_lines():
            if line.strip():
                yield line
    except BotoCoreError as error:
        raise BatchInferenceAwayError(str(error)[:_MAX_TOLD]) from error


def delete(place: Place, arn: str) -> None:
    """Deletes what was put there for a batch and what came of it."""
    folder = f"{place.output_prefix}{arn.rpartition('/')[2]}/"
    for key in (place.input_key, f"{folder}lines.jsonl.out", f"{folder}manifest.json.out"):
        _asked(partial(_s3(place).delete_object, Bucket=place.bucket, Key=key))


def _s3(place: Place) -> Any:
    return timed_client("s3", region_name=place.region, config=_CONFIG)


def _bedrock(place: Place) -> Any:
    return timed_client(
        "bedrock", region_name=place.region, endpoint_url=place.endpoint_url or None, config=_CONFIG
    )


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404, 409):
            code, told = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            raise BatchInferenceRefusedError(f"{code}: {told}"[:_MAX_TOLD]) from error
        raise BatchInferenceAwayError(str(error)[:_MAX_TOLD]) from error
    except BotoCoreError as error:
        raise BatchInferenceAwayError(str(error)[:_MAX_TOLD]) from error
