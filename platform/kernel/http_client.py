"""HTTP to one place, over connections that are kept, with one deadline for a whole exchange.

The errors tell whether the other side can have seen the request: who pays for what it asks needs to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.errors import UnavailableError


class NotSentError(UnavailableError):
    """There was no connection, so nothing was asked. The message says why."""


class OutcomeUnknownError(UnavailableError):
    """The request was sent, and no whole answer came. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of any status. `headers` takes names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Posts to, and gets from, one scheme, host and port; for any number of threads. Redirects are not followed, proxies not used.

    `address` is where to connect to instead of looking the host up; certificates are the host's all the same. So many
    connections are `kept`.
    """

    def __init__(self, scheme: str, host: str, port: int | None, *, address: str = "", kept: int = 1) -> None:
        from kernel.http_pool import Pool  # urllib3: only where it is needed

        name = host if host.isascii() else host.encode("idna").decode()
        self._pool = Pool(scheme, name, port, address=address, kept=kept)
        shown = f"[{name}]" if ":" in name else name
        self._host = shown if port in (None, 443 if scheme == "https" else 80) else f"{shown}:{port}"

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], *, seconds: float, max_bytes: int
    ) -> Reply:
        """The answer within so many seconds all in all; its body is not waited for where `max_bytes` is 0.

        Raises NotSentError and OutcomeUnknownError.
        """
        return self._pool.exchange("POST", path, body, {"Host": self._host, **headers}, seconds, max_bytes)

    def get(self, path: str, headers: Mapping[str, str], *, seconds: float, max_bytes: int) -> Reply:
        """The same without a body."""
        return self._pool.exchange("GET", path, None, {"Host": self._host, **headers}, seconds, max_bytes)

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._pool.close()
