"""Vectors of texts, from the gateway: with the team's internal key, so that its budgets, limits and privacy rules hold."""

import json
from array import array
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sys import byteorder
from time import monotonic, sleep
from typing import Any

from accounts.models import Team
from accounts.services.internal_keys import internal_key
from kernel.errors import UnavailableError
from prompts.inner_calls import NotSentError, OutcomeUnknownError, exchange

FEATURE = "knowledge"
_TIMEOUT_SECONDS = 120.0
_FIRST_WAIT_SECONDS = 0.5
_MAX_WAIT_SECONDS = 30.0
_AGAIN = (401, 429, 500, 502, 503, 504)
"""401 too: a key that was made this moment reaches the gateways within a second."""
_KEY_SECONDS = 5.0


class EmbeddingError(UnavailableError):
    """The gateway refused, for good; the message is its own."""


class BudgetSpentError(EmbeddingError):
    """A budget is used up."""

    code = "budget_exceeded"
    status = 402


class TryLaterError(EmbeddingError):
    """It did not work within the time, and may work later."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """Turns texts of a team into vectors with one route. `wait` is how a pause is made."""

    team: Team
    route: str
    dimensions: int
    wait: Callable[[float], None] = sleep

    def embed(self, texts: Sequence[str], *, until: float) -> list[list[float]]:
        """A vector for each text. Throttled or away, the gateway is asked again until the time of `monotonic`.

        EmbeddingError, or one of its kinds.
        """
        key = internal_key(self.team)
        begun, pause = monotonic(), _FIRST_WAIT_SECONDS
        while True:
            status, retry_after, content = self._ask(key, texts)
            if status == 200:
                return self._vectors(content, len(texts))
            message = _message(content, status)
            if status == 402:
                raise BudgetSpentError(message)
            if status not in _AGAIN or (status == 401 and monotonic() > begun + _KEY_SECONDS):
                raise EmbeddingError(message)
            wait = retry_after or pause
            if monotonic() + wait > until:
                raise TryLaterError(message)
            self.wait(wait)
            pause = min(pause * 2, _MAX_WAIT_SECONDS)

    def _ask(self, key: str, texts: Sequence[str]) -> tuple[int, float | None, bytes]:
        """Status, seconds of Retry-After and body; 503 where there is no connection."""
        body: dict[str, Any] = {"model": self.route, "input": list(texts), "encoding_format": "base64"}
        if self.route_takes_dimensions:
            body["dimensions"] = self.dimensions
        try:
            reply = exchange("/v1/embeddings", body, key=key, feature=FEATURE, seconds=_TIMEOUT_SECONDS)
        except (NotSentError, OutcomeUnknownError) as error:
            return 503, None, json.dumps({"error": {"message": str(error)}}).encode()
        return reply.status, _seconds(reply.headers.get("Retry-After")), reply.body

    @property
    def route_takes_dimensions(self) -> bool:
        """Whether to ask for a number of dimensions: some models have one size, and refuse to be asked."""
        return self.dimensions in (256, 512)

    def _vectors(self, content: bytes, number: int) -> list[list[float]]:
        try:
            rows = [_floats(row["embedding"]) for row in json.loads(content)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise EmbeddingError("The gateway sent an answer that can't be read.") from error
        if len(rows) != number:
            raise EmbeddingError("The gateway did not send a vector for each text.")
        if any(len(row) != self.dimensions for row in rows):
            raise EmbeddingError(
                f"“{self.route}” makes vectors of {len(rows[0])} numbers, and this knowledge base has {self.dimensions}. "
                "Make another one with the right number."
            )
        return rows


def _floats(encoded: str) -> list[float]:
    floats = array("f", b64decode(encoded))
    if byteorder == "big":
        floats.byteswap()
    return floats.tolist()


def _seconds(text: str | None) -> float | None:
    try:
        return min(max(float(text or ""), 0.1), 3600.0)
    except ValueError:
        return None


def _message(content: bytes, status: int) -> str:
    try:
        return str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The gateway answered {status}."
