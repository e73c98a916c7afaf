"""What was received: counts, and the last bodies, so that tests can see what reached the model."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import Any

import orjson

_KEPT = 200
_KEPT_BYTES = 1_048_576  # of one body: agents send a hundred kilobytes


@dataclass(frozen=True, slots=True)
class Received:
    """One request to an operation, as it came in."""

    request_id: str
    region: str
    operation: str
    model_id: str
    body: bytes
    size: int
    trace: dict[str, str]
    """`traceparent` and `tracestate`, where they were sent."""

    def describe(self) -> dict[str, Any]:
        """As JSON values; a body that was cut or isn't JSON is given as text."""
        body: Any
        try:
            body = orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            body = self.body.decode("utf-8", "replace")
        return {
            "request_id": self.request_id,
            "region": self.region,
            "operation": self.operation,
            "model_id": self.model_id,
            "bytes": self.size,
            "truncated": self.size > len(self.body),
            "body": body,
            "trace": self.trace,
        }


class Recorder:
    """Counts of all, and the last two hundred requests."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Starts anew; streams that are open stay counted as open."""
        self._requests: deque[Received] = deque(maxlen=_KEPT)
        self._by_region: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._errors: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._ended: Counter[str] = Counter()
        self._open = getattr(self, "_open", 0)

    def received(
        self, request_id: str, region: str, operation: str, model_id: str, body: bytes, trace: dict[str, str]
    ) -> None:
        """A signed request came in."""
        self._by_region[region][operation] += 1
        kept = body if len(body) <= _KEPT_BYTES else body[:_KEPT_BYTES]
        self._requests.append(Received(request_id, region, operation, model_id, kept, len(body), trace))

    def refused(self, region: str, code: str) -> None:
        """It was answered with an error."""
        self._errors[region][code] += 1

    def stream_opened(self) -> None:
        """A stream has begun."""
        self._open += 1

    def stream_ended(self, how: str) -> None:
        """A stream is over: "completed", "cut", "abandoned" by its caller, or "failed" by an exception."""
        self._open -= 1
        self._ended[how] += 1

    def describe(self) -> dict[str, Any]:
        """Everything, as JSON values; the oldest request first."""
        ended = {how: self._ended[how] for how in ("completed", "cut", "abandoned")}
        if self._ended["failed"]:
            ended["failed"] = self._ended["failed"]
        return {
            "total": sum(sum(counts.values()) for counts in self._by_region.values()),
            "by_region": {region: dict(counts) for region, counts in self._by_region.items()},
            "errors": {region: dict(counts) for region, counts in self._errors.items()},
            "streams": {"open": self._open, **ended},
            "requests": [request.describe() for request in self._requests],
        }
