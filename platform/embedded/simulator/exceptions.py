"""Exceptions on demand: each of the service's, before an answer or inside a stream."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from embedded.simulator.errors import AwsError
from embedded.simulator.framing import encode_frame, encode_headers

# The exceptions of botocore's model of bedrock-runtime, with their statuses.
STATUSES = {
    "AccessDeniedException": 403,
    "ConflictException": 400,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
_WHOLE_NUMBERS = ("after_events", "times", "status")
_MEMBERS = ("type", "message", "fields", "operations", *_WHOLE_NUMBERS)


class InvalidException(ValueError):
    """An exception that can't be; the message says why."""


@dataclass(frozen=True, slots=True)
class SimulatedException:
    """One to answer with; after so many events of a stream, or in place of any answer."""

    type: str
    message: str
    status: int
    after_events: int | None = None
    times: int | None = None  # how often; None: until it is put back
    fields: dict[str, Any] = field(default_factory=dict)  # beside the message
    operations: tuple[str, ...] = ()  # by their names; empty: those that a model answers

    def error(self) -> AwsError:
        """As an answer."""
        return AwsError(self.type, self.status, self.message, fields=self.fields)

    def frame(self) -> bytes:
        """As the last event of a stream."""
        headers = {
            ":exception-type": self.type[0].lower() + self.type[1:],
            ":content-type": "application/json",
            ":message-type": "exception",
        }
        return encode_frame(encode_headers(headers), orjson.dumps({"message": self.message, **self.fields}))


def exception_of(value: Any) -> SimulatedException:
    """One as it is set: `{"type": …, "message": …, "after_events": n, "times": n, "status": n}`. Raises InvalidException."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or not value["type"]:
        raise InvalidException('must be an object with a "type"')
    unknown = next((name for name in value if name not in _MEMBERS), None)
    if unknown is not None:
        raise InvalidException(f"unknown member {unknown}; known are {', '.join(_MEMBERS)}")
    for name in _WHOLE_NUMBERS:
        number = value.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise InvalidException(f"{name} must be a whole number")
    if not isinstance(value.get("fields", {}), dict) or not isinstance(value.get("operations", []), list):
        raise InvalidException("fields must be an object, and operations a list")
    return SimulatedException(
        type=value["type"],
        message=str(value.get("message", "A simulated error.")),
        status=value.get("status") or STATUSES.get(value["type"], 400),
        after_events=value.get("after_events"),
        times=value.get("times"),
        fields=value.get("fields", {}),
        operations=tuple(map(str, value.get("operations", []))),
    )
