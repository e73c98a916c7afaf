"""PURE: a line of Bedrock's model invocation log. Of prompts and answers, which it may hold, nothing is read.

Source: "Monitor model invocation using CloudWatch Logs and Amazon S3" in the Amazon Bedrock user guide, schema
ModelInvocationLog 1.0.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST_BYTES = 64 * 1024 * 1024
"""A longer line is none of Bedrock's: it moves bodies over 100 kB to objects of their own."""
_MOST_TOKENS = 2**31 - 1


class MalformedError(ValueError):
    """This line can't be taken in. The message says why, without any of its text."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation as AWS logged it."""

    request_id: str
    at: datetime
    region: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


def parse(line: bytes) -> Invocation | None:
    """The invocation of a line; None for kinds of lines without one. Raises MalformedError."""
    if len(line) > MOST_BYTES:
        raise MalformedError("longer than 64 MiB")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(found, dict):
        raise MalformedError("not an object")
    if found.get("schemaType", "ModelInvocationLog") != "ModelInvocationLog":
        return None
    asked, answered = (_part(found, name) for name in ("input", "output"))
    return Invocation(
        request_id=_text(found, "requestId", 100),
        at=_moment(found),
        region=_text(found, "region", 32),
        model=_model(_text(found, "modelId", 300)),
        input_tokens=_count(asked, "inputTokenCount"),
        output_tokens=_count(answered, "outputTokenCount"),
        cache_read_tokens=_count(asked, "cacheReadInputTokenCount"),
        cache_write_tokens=_count(asked, "cacheWriteInputTokenCount"),
    )


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise MalformedError(f"'{name}' is no object")
    return part


def _text(found: dict[str, Any], name: str, most: int) -> str:
    text = found.get(name)
    if not isinstance(text, str) or not text or len(text) > most or not text.isprintable():
        raise MalformedError(f"'{name}' is missing or no usable text")
    return text


def _count(part: dict[str, Any], name: str) -> int:
    number = part.get(name, 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST_TOKENS:
        raise MalformedError(f"'{name}' is no count")
    return number


def _moment(found: dict[str, Any]) -> datetime:
    text = _text(found, "timestamp", 40)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("'timestamp' is no moment") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _model(text: str) -> str:
    """The model's id out of an ARN."""
    return text.rpartition("/")[2] if text.startswith("arn:") else text
