from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from gateway.providers.bedrock.signature import Credentials, sign

NOW = datetime(2026, 11, 21, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "session/token=="])
@pytest.mark.parametrize(
    "path",
    [
        "/model/amazon.nova-lite-v1%3A0/converse",
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fx/converse-stream",
    ],
)
def test_the_signature_is_botocores(token, path):
    body = b'{"messages":[]}'
    headers = sign(
        Credentials("AKID", "secret", token),
        region="eu-central-1",
        host="bedrock-runtime.eu-central-1.amazonaws.com",
        path=path,
        body=body,
        accept="application/json",
        now=NOW,
    )
    request = AWSRequest(
        "POST",
        f"https://bedrock-runtime.eu-central-1.amazonaws.com{path}",
        headers={"content-type": "application/json"},
        data=body,
    )
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        SigV4Auth(BotocoreCredentials("AKID", "secret", token), "bedrock", "eu-central-1").add_auth(request)
    assert headers["authorization"] == request.headers["Authorization"]
    assert headers["x-amz-date"] == request.headers["X-Amz-Date"]
    assert headers.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")
