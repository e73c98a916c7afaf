"""Batch inference, simulated: jobs that read records from the simulator's S3, run them as Converse does, and write what came of it.

A job goes on each time it is asked for: Submitted, InProgress, then over. One that is stopped has made half of its records.
Sources: botocore's model of `bedrock`; Amazon Bedrock User Guide, "Format and upload your batch inference data", "View the results of
a batch inference job"; "Quotas for Amazon Bedrock".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from embedded.simulator.errors import AwsError, invalid
from embedded.simulator.storage import SimulatedStorage

MIN_RECORDS = 100
RunRecord = Callable[[str, str, dict[str, Any]], bytes]
"""By region, model and body: Converse's answer. Raises AwsError."""


@dataclass(slots=True)
class SimulatedJob:
    arn: str
    asked: dict[str, Any]
    region: str
    status: str = "Submitted"
    message: str = ""
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())


class SimulatedBatchJobs:
    """Jobs by their ARN, and by the token that made them."""

    def __init__(self, storage: SimulatedStorage, run: RunRecord) -> None:
        self._storage, self._run = storage, run
        self._jobs: dict[str, SimulatedJob] = {}
        self._tokens: dict[str, SimulatedJob] = {}

    def create(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        token = asked.get("clientRequestToken", "")
        job = self._tokens.get(token) if token else None
        if job is None:
            arn = f"arn:aws:bedrock:{region}:000000000000:model-invocation-job/{len(self._jobs) + 1:012x}"
            job = self._jobs[arn] = SimulatedJob(arn, asked, region)
            if token:
                self._tokens[token] = job
        return {"jobArn": job.arn}

    def get(self, identifier: str) -> dict[str, Any]:
        job = self._job(identifier)
        if job.status == "Submitted":
            job.status = "InProgress"
        elif job.status == "InProgress":
            self._finish(job, "Completed")
        elif job.status == "Stopping":
            self._finish(job, "Stopped")
        told = {"jobArn": job.arn, "status": job.status, "message": job.message, "submitTime": job.made_at}
        named = (
            "jobName",
            "modelId",
            "roleArn",
            "inputDataConfig",
            "outputDataConfig",
            "modelInvocationType",
        )
        return (
            told
            | {name: job.asked[name] for name in named if name in job.asked}
            | {"lastModifiedTime": job.made_at}
        )

    def stop(self, identifier: str) -> dict[str, Any]:
        job = self._job(identifier)
        if job.status not in ("Submitted", "InProgress", "Stopping"):
            raise invalid(f"The job is {job.status}, so it can't be stopped.")
        job.status = "Stopping"
        return {}

    def _job(self, identifier: str) -> SimulatedJob:
        found = self._jobs.get(identifier)
        if found is None:
            raise AwsError("ResourceNotFoundException", 404, "The provided job identifier is not found.")
        return found

    def _finish(self, job: SimulatedJob, status: str) -> None:
        source = job.asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        text = self._storage.objects.get(source)
        if text is None:
            job.status, job.message = "Failed", "The input can't be read."
            return
        lines = text.splitlines()
        if len(lines) < MIN_RECORDS:
            job.status, job.message = "Failed", f"The input has less than {MIN_RECORDS} records."
            return
        records = [
            self._record(job, line) for line in (lines if status == "Completed" else lines[: len(lines) // 2])
        ]
        target = job.asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
        folder = f"{target.rstrip('/')}/{job.arn.rpartition('/')[2]}"
        self._storage.objects[f"{folder}/{source.rpartition('/')[2]}.out"] = b"".join(reversed(records))
        failed = sum(b'"error":' in each for each in records)
        manifest = {
            "totalRecordCount": len(lines), "processedRecordCount": len(records), "successRecordCount": len(records) - failed,
            "errorRecordCount": failed,
        }  # fmt: skip
        self._storage.objects[f"{folder}/manifest.json.out"] = orjson.dumps(manifest)
        job.status = status

    def _record(self, job: SimulatedJob, line: bytes) -> bytes:
        found = orjson.loads(line)
        told: dict[str, Any] = {"recordId": found["recordId"], "modelInput": found["modelInput"]}
        try:
            told["modelOutput"] = orjson.loads(
                self._run(job.region, job.asked["modelId"], found["modelInput"])
            )
        except AwsError as error:
            told["error"] = {"errorCode": error.status, "errorMessage": error.message}
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
