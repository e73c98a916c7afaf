"""The simulator's faults, pace and signatures, as plain boto3 meets them."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError
from urllib3.exceptions import ProtocolError

from tests.simulator import RunningSimulator, running

MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
HELLO = [{"role": "user", "content": [{"text": "[simulate: tokens=40] Hello"}]}]


@pytest.fixture(scope="module")
def started() -> Iterator[RunningSimulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: RunningSimulator) -> Iterator[RunningSimulator]:
    yield started
    started.reset()


def converse(simulator: RunningSimulator, region: str = "us-east-1", **options: Any) -> dict[str, Any]:
    return simulator.client(region, **options).converse(modelId=MODEL, messages=HELLO)


def stream(simulator: RunningSimulator) -> list[dict[str, Any]]:
    answer = simulator.client().converse_stream(modelId=MODEL, messages=HELLO)
    with closing(answer["stream"]) as events:
        return list(events)


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_wrong_signature_gets_awss_error(simulator):
    with pytest.raises(ClientError, match="signature we calculated does not match") as caught:
        converse(simulator, secret="another")
    assert code_of(caught) == ("InvalidSignatureException", 403)
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "MissingAuthenticationTokenException"),
        (
            {"authorization": "AWS4-HMAC-SHA256 nonsense", "x-amz-date": "20260101T000000Z"},
            "IncompleteSignatureException",
        ),
    ],
)
def test_requests_without_a_signature(simulator, headers, kind):
    request = Request(f"{simulator.url}/model/{MODEL}/converse", b"{}", headers, method="POST")
    with pytest.raises(HTTPError) as caught:
        urlopen(request, timeout=5)
    with caught.value as answer:
        assert answer.code in (400, 403)
        assert answer.headers["x-amzn-errortype"].startswith(kind)


def test_an_outage_is_one_regions_alone(simulator):
    simulator.configure("us-east-1", outage=True)
    with pytest.raises(ClientError) as caught:
        converse(simulator)
    assert code_of(caught) == ("ServiceUnavailableException", 503)
    assert converse(simulator, "eu-central-1")["stopReason"]
    simulator.reset()
    assert converse(simulator)["stopReason"]


def test_the_share_throttled_is_exact(simulator):
    simulator.configure("us-east-1", throttle_rate=0.25)
    outcomes = []
    for _ in range(12):
        try:
            outcomes.append(converse(simulator)["stopReason"])
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes.count("ThrottlingException") == 3


def test_a_stream_that_is_cut(simulator):
    simulator.configure("us-east-1", cut_after_events=5)
    with pytest.raises(ProtocolError):
        stream(simulator)


def test_a_frame_that_is_corrupt(simulator):
    simulator.configure("us-east-1", corrupt_after_events=5)
    with pytest.raises(ChecksumMismatch):
        stream(simulator)


def test_pace(simulator):
    simulator.configure("us-east-1", time_to_first_token_ms=200, tokens_per_second=100)
    begun = time.monotonic()
    assert len(stream(simulator)) > 40
    assert (
        time.monotonic() - begun > 0.4
    )  # never less than what was asked for; how much more is the machine's affair


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"outage": 3}', b'{"nothing": 1}', b'{"throttle_rate": 2}', b'{"latency_ms": -1}']
)
def test_settings_that_cannot_be_are_refused_by_name(simulator, body):
    request = Request(f"{simulator.url}/_simulator/regions/us-east-1", body, method="PUT")
    with pytest.raises(HTTPError) as caught:
        urlopen(request, timeout=5)
    with caught.value as answer:
        assert answer.code == 400
        assert len(answer.read()) > 20


def test_unknown_regions(simulator):
    with pytest.raises(ClientError) as caught:
        converse(simulator, "mars-north-1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{simulator.url}/_simulator/regions/mars-north-1", b"{}", method="PUT"), timeout=5)
    with refused.value as answer:
        assert answer.code == 404
