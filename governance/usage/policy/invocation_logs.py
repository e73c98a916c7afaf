"""PURE: a line of Bedrock's model invocation log. Of prompts and answers, which it may hold, nothing is read.

Source: "Monitor model invocation using CloudWatch Logs and Amazon S3" in the Amazon Bedrock user guide, schema
ModelInvocationLog 1.0.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kernel.errors import InvalidError

CALL_KEY = "gatehouse-call-id"
"""What the gateway writes into `requestMetadata` of what it asks, and Bedrock into its log."""
MAX_BYTES = 64 * 1024 * 1024
"""A longer line is none of Bedrock's: it moves bodies over 100 kB to objects of their own."""
_MAX_TOKENS = 2**31 - 1


class MalformedLogError(InvalidError):
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
    error: str = ""
    is_counted: bool = True
    named_call: UUID | None = None
    """The call that the gateway wrote into the request's metadata."""


_LOG = re.compile(r"\.jsonl?(?:\.gz)?$")


def is_log(address: str) -> bool:
    """Whether an object is a piece of the log: beside it lie bodies too long for it, and a check of permissions."""
    return bool(_LOG.search(address)) and "/data/" not in address.rpartition("BedrockModelInvocationLogs")[2]


def parse(line: bytes) -> Invocation | None:
    """The invocation of a line; None for kinds of lines without one. Raises MalformedLogError."""
    if len(line) > MAX_BYTES:
        raise MalformedLogError("longer than 64 MiB")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedLogError("not JSON") from error
    if not isinstance(found, dict):
        raise MalformedLogError("not an object")
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
        error=_error(found),
        is_counted=asked.get("inputTokenCount") is not None and answered.get("outputTokenCount") is not None,
        named_call=_named_call(found),
    )


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise MalformedLogError(f"'{name}' is not an object")
    return part


def _text(found: dict[str, Any], name: str, most: int) -> str:
    text = found.get(name)
    if not isinstance(text, str) or not text or len(text) > most or not text.isprintable():
        raise MalformedLogError(f"'{name}' is missing or no usable text")
    return text


def _count(part: dict[str, Any], name: str) -> int:
    number = part.get(name, 0)
    if number is None:
        return 0
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MAX_TOKENS:
        raise MalformedLogError(f"'{name}' is not a count")
    return number


def _error(found: dict[str, Any]) -> str:
    code = found.get("errorCode")
    return code[:100] if isinstance(code, str) and code.isprintable() else ""


def _named_call(found: dict[str, Any]) -> UUID | None:
    metadata = found.get("requestMetadata")
    name = metadata.get(CALL_KEY) if isinstance(metadata, dict) else None
    try:
        return UUID(name) if isinstance(name, str) else None
    except ValueError:
        return None


def _moment(found: dict[str, Any]) -> datetime:
    text = _text(found, "timestamp", 40)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedLogError("'timestamp' is not a timestamp") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _model(text: str) -> str:
    """The model's id out of an ARN."""
    return text.rpartition("/")[2] if text.startswith("arn:") else text
