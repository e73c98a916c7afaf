"""Jobs whose ids go over SQS (moto's server): sent, taken and run by a worker's process, and gone from the queue."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.aws_environment import use_aws
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World

WORK = """
from gateway.jobs.services.dispatch import send_due
from gateway.jobs.services.queue import polled_queue
from gateway.jobs.services.receiving import receive_for
from kernel.clock import utc_now
queue = polled_queue()
print("SENT", send_due(queue, now=utc_now()))
print("RUN", receive_for(queue, seconds=3))
"""


@pytest.fixture
def queue_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Address of the server, and of a queue with dead letters."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    use_aws(monkeypatch, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=url)
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    made = sqs.create_queue(
        QueueName="jobs", Attributes={"VisibilityTimeout": "600", "RedrivePolicy": policy}
    )
    yield url, made["QueueUrl"]
    left = sqs.get_queue_attributes(QueueUrl=made["QueueUrl"], AttributeNames=["All"])["Attributes"]
    sqs.close()
    server.stop()
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"


@pytest.mark.quick
def test_over_sqs(world: World, queue_url: tuple[str, str]) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
    made = [world.post("/v1/async/chat/completions", json=body).json()["id"] for _ in range(12)]
    told = world.stack.manage(
        "shell", "-v", "0", "-c", WORK, GATEHOUSE_GATEWAY_URL=world.url, GATEHOUSE_JOBS_QUEUE_URL=queue_url[1],
        AWS_ENDPOINT_URL_SQS=queue_url[0],
    )  # fmt: skip
    assert "SENT 12" in told
    assert "RUN 12" in told
    for job in made:
        headers = {"authorization": f"Bearer {world.key}"}
        found = HTTP.get(f"{world.url}/v1/async/{job}", headers=headers).json()
        assert (found["status"], found["attempts"]) == ("completed", 1)
