"""The simulator's check of signatures, against botocore's signer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.simulator import RunningSimulator, running

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PATH = f"/model/{MODEL.replace(':', '%3A')}/converse"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}).encode()
UNSIGNED = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


def signed(
    simulator: RunningSimulator,
    *,
    key: str = ACCESS_KEY_ID,
    region: str = "us-east-1",
    service: str = "bedrock",
    age: timedelta = timedelta(),
    extra: dict[str, str] | None = None,
) -> dict[str, str]:
    """Headers as botocore would have signed them `age` ago."""
    headers = {"content-type": "application/json", **(extra or {})}
    request = AWSRequest("POST", simulator.url + PATH, headers=headers, data=BODY)
    request.context["timestamp"] = (datetime.now(UTC) - age).strftime(SIGV4_TIMESTAMP)
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    signer = SigV4Auth(Credentials(key, SECRET_ACCESS_KEY), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return dict(request.headers)


def send(
    simulator: RunningSimulator, headers: dict[str, str], body: bytes = BODY, path: str = PATH
) -> tuple[int, str, str]:
    """The status, the error type and the message of an answer."""
    connection = HTTPConnection(urlsplit(simulator.url).netloc, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        message = json.loads(answer.read()).get("message", "")
        return answer.status, answer.getheader("x-amzn-errortype", "").partition(":")[0], message
    finally:
        connection.close()


def test_a_right_signature_passes(simulator: RunningSimulator) -> None:
    assert send(simulator, signed(simulator))[0] == 200


@pytest.mark.parametrize(
    ("signing", "error_type", "message"),
    [
        ({"key": "AKIAUNKNOWN"}, "UnrecognizedClientException", "security token included in the request"),
        ({"region": "moon-1"}, "InvalidSignatureException", "scoped to a valid region"),
        ({"service": "s3"}, "InvalidSignatureException", "scoped to correct service: 'bedrock'"),
        ({"age": timedelta(minutes=6)}, "InvalidSignatureException", "Signature expired"),
        ({"age": timedelta(minutes=-6)}, "InvalidSignatureException", "Signature not yet current"),
    ],
)
def test_another_scope_is_refused(
    simulator: RunningSimulator, signing: dict[str, Any], error_type: str, message: str
) -> None:
    status, kind, text = send(simulator, signed(simulator, **signing))
    assert (status, kind) == (403, error_type)
    assert message in text


@pytest.mark.parametrize(
    ("header", "error_type"),
    [
        ("Bearer abc", "AccessDeniedException"),
        ("Basic abc", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=a/b", "IncompleteSignatureException"),
    ],
)
def test_another_authorization_is_refused(simulator: RunningSimulator, header: str, error_type: str) -> None:
    assert send(simulator, {"authorization": header})[:2] == (403, error_type)


def test_what_was_changed_after_signing_is_refused(simulator: RunningSimulator) -> None:
    headers = signed(simulator)
    assert send(simulator, headers, BODY + b" ")[0] == 403
    assert send(simulator, headers, path=PATH + "-stream")[0] == 403
    assert send(simulator, headers | {"content-type": "text/plain"})[0] == 403


def test_the_date_and_the_host_must_be_signed(simulator: RunningSimulator) -> None:
    headers = signed(simulator)
    for name in ("host", "x-amz-date"):
        listed = headers["Authorization"].replace(f"{name};", "").replace(f";{name}", "")
        assert send(simulator, headers | {"Authorization": listed})[0] == 403


def test_the_payload_may_be_unsigned_if_it_says_so(simulator: RunningSimulator) -> None:
    assert send(simulator, signed(simulator, extra=UNSIGNED), BODY + b" ")[0] == 200


@pytest.mark.parametrize("body", [b'{"messages": ', b"[]", b'{"messages": {}}', b'{"messages": [3]}'])
def test_a_body_of_another_shape_is_a_serialization_error(simulator: RunningSimulator, body: bytes) -> None:
    status, kind, _ = send(simulator, signed(simulator, extra=UNSIGNED), body)
    assert (status, kind) == (400, "SerializationException")
