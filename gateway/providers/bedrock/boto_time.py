"""Clients of boto3 that sign with the right time: botocore signs with the host's clock and does not correct it
(`SigV4Auth.add_auth`; boto/boto3#1252), where AWS's other SDKs do."""

from typing import Any

import boto3
from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth
from botocore.credentials import RefreshableCredentials

from gateway.providers.bedrock.clock import SigningClock
from kernel.clock import utc_now

_clock = SigningClock()
"""One for all of them: they are told the time by the same AWS."""
_MAX_ATTEMPTS = 3


class _Timed(SigV4Auth):  # type: ignore[misc]
    def _modify_request_before_signing(self, request: Any) -> None:
        # Behind botocore's own time of the signature, and before whatever is made of it.
        request.context["timestamp"] = _clock.now().strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


class _TimedForS3(_Timed, S3SigV4Auth):  # type: ignore[misc]
    pass


_SIGNERS = {"v4": "gatehouse-v4", "s3v4": "gatehouse-s3v4"}
AUTH_TYPE_MAPS |= {"gatehouse-v4": _Timed, "gatehouse-s3v4": _TimedForS3}


def timed_client(service: str, **options: Any) -> Any:
    """A client of boto3 for AWS's API of this name; `options` are `boto3.client`'s. Raises what that raises."""
    client = boto3.client(service, **options)
    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_last(f"choose-signer.{name}", _signer)
    client.meta.events.register_first(f"needs-retry.{name}", _once_more)
    keep_fresh(client._request_signer._credentials)
    return client


def keep_fresh(credentials: Any) -> None:
    """Has credentials that end judge by Postgres' time whether they have: by a clock that is ahead they have ended when they come,
    and by one that is behind they are kept for too long."""
    if isinstance(credentials, RefreshableCredentials):
        credentials._time_fetcher = utc_now


def _signer(signature_version: Any, **_: Any) -> str | None:
    return _SIGNERS.get(signature_version) if isinstance(signature_version, str) else None


def _once_more(response: Any, attempts: int, **_: Any) -> float | None:
    """Seconds before a request is signed anew and sent again; None leaves that to botocore."""
    if response is None or attempts >= _MAX_ATTEMPTS:
        return None
    answer, parsed = response
    error = parsed.get("Error", {}).get("Code", "") if isinstance(parsed, dict) else ""
    return 0.0 if _clock.corrects(error, answer.headers.get("date")) else None
