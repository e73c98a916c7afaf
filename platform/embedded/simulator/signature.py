"""Verifies AWS Signature Version 4, as Bedrock does, and answers with AWS's errors."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote

from botocore.utils import normalize_url_path

from embedded.simulator.credentials import SimulatorCredentials
from embedded.simulator.errors import AwsError, denied
from embedded.simulator.regions import REGIONS

SERVICE, QUOTAS_SERVICE = "bedrock", "servicequotas"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_STAMP = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=5)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an `Authorization` header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope, as it enters the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verify(scope: dict[str, Any], body: bytes, credentials: SimulatorCredentials, now: datetime) -> str:
    """The region a request is signed for. Raises AwsError (403) where the signature isn't right.

    `scope` is the ASGI scope; its raw path is canonicalised a second time, which is what SigV4 asks of
    every service but S3.
    """
    headers = _headers(scope["headers"])
    authorization = _parse(headers.get("authorization"))
    stamp = headers.get("x-amz-date", "")
    # Service Quotas alone speaks JSON 1.1, which names its operation in a header.
    service = QUOTAS_SERVICE if headers.get("x-amz-target") else SERVICE
    _check_scope(authorization, credentials, stamp, service)
    _check_time(stamp, now)
    payload_hash = _payload_hash(headers, body)
    canonical = "\n".join(
        (
            scope["method"],
            _canonical_path(scope["raw_path"].decode("latin-1")),
            _canonical_query(scope["query_string"].decode("latin-1")),
            *(f"{name}:{headers.get(name, '')}" for name in authorization.signed_headers.split(";")),
            "",
            authorization.signed_headers,
            payload_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    text = f"{_ALGORITHM}\n{stamp}\n{authorization.scope}\n{digest}"
    key = signing_key(
        credentials.secret_access_key, authorization.date, authorization.region, authorization.service
    )
    expected = hmac.digest(key, text.encode("latin-1"), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode("latin-1", "replace")):
        raise denied("InvalidSignatureException", _MISMATCH)
    return authorization.region


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service; costs four HMACs, so it is kept."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header values by lower-case name: spaces collapsed, repeated headers joined by a comma."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1"), " ".join(value.decode("latin-1").split())
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _parse(header: str | None) -> Authorization:
    if not header:
        raise denied("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    if algorithm == "Bearer":
        raise denied(
            "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."
        )
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    credential = parts.get("Credential", "").rsplit("/", 4)
    if algorithm != _ALGORITHM or missing or len(credential) != 5 or credential[4] != "aws4_request":
        raise _incomplete(algorithm, missing)
    key, date, region, service, _ = credential
    return Authorization(key, date, region, service, parts["SignedHeaders"], parts["Signature"])


def _incomplete(algorithm: str, missing: list[str]) -> AwsError:
    if algorithm != _ALGORITHM:
        return denied("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    if not missing:
        return denied(
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
        )
    text = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
    return denied("IncompleteSignatureException", text)


def _check_scope(
    authorization: Authorization, credentials: SimulatorCredentials, stamp: str, service: str
) -> None:
    if not hmac.compare_digest(
        authorization.access_key_id.encode("latin-1", "replace"), credentials.access_key_id.encode()
    ):
        raise denied("UnrecognizedClientException", "The security token included in the request is invalid.")
    if authorization.service != service:
        raise denied(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'."
        )
    if authorization.region not in REGIONS:
        raise denied("InvalidSignatureException", "Credential should be scoped to a valid region.")
    if authorization.date != stamp[:8]:
        raise denied(
            "InvalidSignatureException",
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{authorization.date}' != '{stamp[:8]}', from '{stamp}'.",
        )


def _check_time(stamp: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise denied(
            "IncompleteSignatureException",
            f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from None
    current = now.strftime(_STAMP)
    if signed_at < now - _SKEW:
        edge = (now - _SKEW).strftime(_STAMP)
        raise denied(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is now earlier than {edge} ({current} - 5 min.)",
        )
    if signed_at > now + _SKEW:
        edge = (now + _SKEW).strftime(_STAMP)
        raise denied(
            "InvalidSignatureException",
            f"Signature not yet current: {stamp} is still later than {edge} ({current} + 5 min.)",
        )


def _payload_hash(headers: dict[str, str], body: bytes) -> str:
    declared = headers.get("x-amz-content-sha256")
    if declared == UNSIGNED_PAYLOAD:
        return declared
    actual = hashlib.sha256(body).hexdigest()
    if declared is not None and declared != actual:
        raise denied("InvalidSignatureException", _MISMATCH)
    return actual


@lru_cache(maxsize=1024)
def _canonical_path(raw_path: str) -> str:
    return quote(normalize_url_path(raw_path), safe="/~")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    )
    return "&".join(f"{name}={value}" for name, value in pairs)
