"""SQS carries the ids of jobs: sent, taken, given out again where a worker dies, and looked up where nobody finishes with them.

Against moto's server, over HTTP.
"""

import json
from collections.abc import Iterator
from time import sleep
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from gateway.jobs.models import Job
from gateway.jobs.services.dispatch import send_due
from gateway.jobs.services.queue import QueueAwayError, job_queue
from gateway.jobs.services.receiving import receive_for, take_dead_letters
from gateway.providers.bedrock.job_queue import SqsQueue, sqs_queue
from kernel.clock import utc_now
from tests.accounts.factories import make_team
from tests.aws_environment import use_aws
from tests.gateway.jobs.factories import make_job

pytestmark = [pytest.mark.django_db]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def queue(server: str, settings: Any, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[SqsQueue]:
    """A queue whose messages come again at once, and go to the dead letters after two times."""
    use_aws(monkeypatch, {
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_SQS": server,
    })  # fmt: skip
    sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=server)
    name = request.node.name[:40]
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    attributes = {"VisibilityTimeout": "1", "RedrivePolicy": policy}
    settings.JOBS_QUEUE_URL = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    settings.JOBS_DEAD_QUEUE_URL = dead
    settings.GATEWAY_URL = "http://127.0.0.1:9"  # nobody is there
    sqs_queue.cache_clear()
    found = job_queue()
    assert isinstance(found, SqsQueue)
    yield found
    sqs_queue.cache_clear()
    sqs.close()


def test_ids_go_over_it_more_than_a_batch_at_once(queue):
    jobs = [make_job(make_team()) for _ in range(1)] + [make_job(Job.objects.first().team) for _ in range(11)]
    assert send_due(queue, now=utc_now()) == 12
    found = []
    while messages := queue.receive(at_most=10, seconds=0):
        found += [message.job_id for message in messages]
        for message in messages:
            queue.delete(message)
    assert sorted(found) == sorted(job.pk for job in jobs)


def test_what_a_worker_did_not_finish_with_comes_again_then_is_a_dead_letter(queue):
    job = make_job(make_team())
    send_due(queue, now=utc_now())
    for _ in range(2):  # workers that die
        [message] = queue.receive(at_most=10, seconds=2)
        assert message.job_id == job.pk
        sleep(1.2)
    assert queue.receive(at_most=10, seconds=0) == []
    assert take_dead_letters(queue, now=utc_now()) == 1
    job.refresh_from_db()
    assert (job.state, job.code) == ("dead", "dead_letter")
    assert take_dead_letters(queue, now=utc_now()) == 0


def test_a_message_that_is_none_of_ours_is_taken_off(queue):
    boto3.client("sqs", region_name="us-east-1").send_message(QueueUrl=queue._url, MessageBody="hello")
    [message] = queue.receive(at_most=1, seconds=0)
    assert message.job_id is None
    queue.delete(message)


def test_a_queue_that_is_not_there_is_said(queue):
    missing = SqsQueue(queue._url + "-missing", "")
    with pytest.raises(QueueAwayError):
        missing.send([make_job(make_team()).pk])
    with pytest.raises(QueueAwayError):
        missing.receive(at_most=1, seconds=0)
    assert receive_for(missing, seconds=1) == 0


def test_a_first_in_first_out_queue_carries_them_too_and_again(queue):
    """One that wants a group of each message: a job's own. What is sent again within five minutes must come again."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    ordered, jobs = SqsQueue(url, ""), [make_job(make_team(name)).pk for name in ("A", "B")]
    for _ in range(2):
        ordered.send(jobs)
        messages = ordered.receive(at_most=10, seconds=0)
        assert {message.job_id for message in messages} == set(jobs)
        for message in messages:
            ordered.delete(message)
