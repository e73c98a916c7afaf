"""Amazon SQS, as what carries the ids of jobs.

A message that is not deleted comes again when its visibility timeout is over; after `maxReceiveCount` times SQS moves it to the
dead-letter queue of the redrive policy. Sources: SQS Developer Guide, "Amazon SQS visibility timeout" and "Using dead-letter
queues"; botocore's model of `sqs` (SendMessageBatch takes at most ten entries, ReceiveMessage gives at most ten).
"""

import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any
from uuid import UUID

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from gateway.jobs.policy import job_name
from gateway.jobs.services.queue import Message, QueueAwayError, message_of
from gateway.providers.bedrock.boto_time import timed_client
from kernel.ids import new_id

_MAX_MESSAGES = 10
_READ_SECONDS = 25
"""Longer than a receive waits, which is 20 seconds at most."""


class SqsQueue:
    """Raises QueueAwayError."""

    def __init__(self, url: str, dead_url: str) -> None:
        self._url, self._dead_url = url, dead_url
        config = Config(connect_timeout=3, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 2})
        self._sqs: Any = timed_client("sqs", region_name=_region(url), config=config)

    def send(self, job_ids: Sequence[UUID]) -> None:
        for begin in range(0, len(job_ids), _MAX_MESSAGES):
            entries = [
                {"Id": str(index), "MessageBody": job_name(job_id), **self._group(job_id)}
                for index, job_id in enumerate(job_ids[begin : begin + _MAX_MESSAGES])
            ]
            answer = _asked(partial(self._sqs.send_message_batch, QueueUrl=self._url, Entries=entries))
            if failed := answer.get("Failed"):
                raise QueueAwayError(str(failed[0].get("Message") or failed[0].get("Code")))

    def _group(self, job_id: UUID) -> dict[str, str]:
        """Of a FIFO queue, which takes no message without: each job is a group of its own, and an id that is sent again within five
        minutes is no duplicate. Source: SQS API reference, SendMessageBatchRequestEntry."""
        if not self._url.endswith(".fifo"):
            return {}
        return {"MessageGroupId": job_name(job_id), "MessageDeduplicationId": new_id().hex}

    def receive(self, *, at_most: int, seconds: int) -> list[Message]:
        return self._received(self._url, at_most=at_most, seconds=seconds)

    def delete(self, message: Message) -> None:
        self._deleted(self._url, message)

    def dead_letters(self) -> list[Message]:
        return self._received(self._dead_url, at_most=_MAX_MESSAGES, seconds=0) if self._dead_url else []

    def delete_dead(self, message: Message) -> None:
        self._deleted(self._dead_url, message)

    def _received(self, url: str, *, at_most: int, seconds: int) -> list[Message]:
        most = min(at_most, _MAX_MESSAGES)
        answer = _asked(
            partial(
                self._sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=most, WaitTimeSeconds=seconds
            )
        )
        return [message_of(each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages", ())]

    def _deleted(self, url: str, message: Message) -> None:
        _asked(partial(self._sqs.delete_message, QueueUrl=url, ReceiptHandle=message.receipt))


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        raise QueueAwayError(str(error)) from error


def _region(url: str) -> str | None:
    """The region in a queue's address, `https://sqs.<region>.amazonaws.com/…`; else `AWS_REGION`, which boto3 does not read, or
    what it reads itself."""
    host = url.partition("://")[2].partition("/")[0]
    parts = host.split(".")
    return parts[1] if parts[0] == "sqs" and len(parts) > 3 else os.environ.get("AWS_REGION")


@cache
def sqs_queue(url: str, dead_url: str) -> SqsQueue:
    """One client for a process: boto3's are safe to share between threads."""
    return SqsQueue(url, dead_url)


def queue_of_settings() -> SqsQueue:
    """The queue that the settings name."""
    return sqs_queue(settings.JOBS_QUEUE_URL, settings.JOBS_DEAD_QUEUE_URL)
