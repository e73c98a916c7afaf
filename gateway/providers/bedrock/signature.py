"""PURE: AWS Signature Version 4, with the day's signing key kept. Checked equal to botocore's in the tests.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

SERVICE = "bedrock"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What requests are signed with. `token` belongs to temporary credentials."""

    access_key: str
    secret_key: str
    token: str | None = None


_PLAIN = str.maketrans("", "", "-:")


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


@lru_cache(maxsize=1024)
def _encoded(path: str) -> str:
    """All services but S3 sign the path encoded once more. A model's path is the same in each of its calls."""
    return quote(path, safe="/~")


def sign(
    credentials: Credentials, *, region: str, host: str, path: str, body: bytes, accept: str, now: datetime
) -> dict[str, str]:
    """The headers of a signed JSON POST. `path` is percent-encoded, as it is sent; `now` is aware, in UTC."""
    # As strftime("%Y%m%dT%H%M%SZ") has it, which takes ten times as long.
    timestamp = now.isoformat(timespec="seconds")[:19].translate(_PLAIN) + "Z"
    date = timestamp[:8]
    token_line = f"x-amz-security-token:{credentials.token}\n" if credentials.token else ""
    signed = "content-type;host;x-amz-date" + (";x-amz-security-token" if credentials.token else "")
    canonical = (
        f"POST\n{_encoded(path)}\n\ncontent-type:application/json\nhost:{host}\nx-amz-date:{timestamp}\n"
        f"{token_line}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    )
    scope = f"{date}/{region}/{SERVICE}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(
        _signing_key(credentials.secret_key, date, region), to_sign.encode(), hashlib.sha256
    ).hex()
    headers = {
        "content-type": "application/json",
        "accept": accept,
        "x-amz-date": timestamp,
        "authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}",
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    return headers
