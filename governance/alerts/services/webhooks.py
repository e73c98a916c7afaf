"""Posts to webhooks that people type in: to public addresses only, looked up once, without following redirects."""

from contextlib import closing
from urllib.parse import urlsplit

from django.conf import settings

from governance.alerts.policy import is_public
from kernel.clock import perf_counter
from kernel.errors import UnavailableError
from kernel.http_client import HttpClient, NotSentError, OutcomeUnknownError
from kernel.lookup import addresses_of

TIMEOUT_SECONDS = 10.0
"""For the whole of an attempt, from looking up the host to the answer's status, however slowly its bytes come."""


class UndeliverableError(UnavailableError):
    """The other side can't be reached, may not be, or did not take it. The message says which."""


def post_webhook(url: str, body: bytes, headers: dict[str, str], *, seconds: float = TIMEOUT_SECONDS) -> None:
    """Posts JSON. UndeliverableError unless it is answered with 2xx."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
        port = parts.port or (443 if scheme == "https" else 80)
    except ValueError as error:
        raise UndeliverableError(f"Not a URL that can be posted to: {error}.") from error
    if scheme != "https" and not settings.ALERTS_ALLOW_PRIVATE:
        raise UndeliverableError("Only https is allowed.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Content-Type": "application/json", "User-Agent": "Gatehouse", **headers}
    end = perf_counter() + seconds
    address = _address(host, port, seconds)
    try:
        with closing(HttpClient(scheme, host, port, address=address)) as client:
            reply = client.post(path, body, sent, seconds=max(0.1, end - perf_counter()), max_bytes=0)
    except (NotSentError, OutcomeUnknownError) as error:
        raise UndeliverableError(f"{host} can't be reached: {error}") from error
    if not 200 <= reply.status < 300:
        raise UndeliverableError(f"{host} answered {reply.status}.")


def _address(host: str, port: int, seconds: float) -> str:
    """Where the host is. What was looked up is what is connected to: a name cannot change in between."""
    try:
        found = addresses_of(host, port, seconds=seconds)
    except OSError as error:
        raise UndeliverableError(f"{host[:100]} is not known, or its name server does not answer.") from error
    if not settings.ALERTS_ALLOW_PRIVATE and not all(map(is_public, found)):
        raise UndeliverableError(
            f"{host} is not on the internet. GATEHOUSE_ALERTS_ALLOW_PRIVATE would allow it."
        )
    return found[0]
