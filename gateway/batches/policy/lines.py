"""PURE: a file of calls, cut into lines and read (OpenAI's API reference, "Batch": the request input object)."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

ENDPOINTS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses")
"""At which the calls of a batch can be made."""
MAX_CUSTOM_ID = 512
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as it stands in its file; `text` is None where it is longer than a call may be."""

    number: int
    text: bytes | None
    ends_at: int
    """The offset behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A call of a batch."""

    number: int
    custom_id: str
    model: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a line is none; `code` in OpenAI's words where it has one."""

    line: int
    code: str
    message: str
    param: str = ""


class Splitter:
    """Cuts what comes piece by piece into lines that are not blank; keeps no more of one than `most` bytes. The mark that some
    editors begin a file with is no part of its first line."""

    def __init__(self, *, most: int, offset: int = 0, number: int = 1) -> None:
        self._most, self._at, self._number = most, offset, number
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[RawLine]:
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._keep(piece[start:end])
            yield from self._cut(newline=1)
            start = end + 1
        self._keep(piece[start:])

    def end(self) -> Iterator[RawLine]:
        """The last line, where no newline ends it."""
        if self._size:
            yield from self._cut(newline=0)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            self._parts = []
        elif part:
            self._parts.append(part)

    def _cut(self, *, newline: int) -> Iterator[RawLine]:
        text = None if self._size > self._most else b"".join(self._parts).strip()
        if text is not None and self._at == 0:
            text = text.removeprefix(BOM_UTF8).strip()
        self._at += self._size + newline
        self._parts, self._size = [], 0
        if text != b"":
            yield RawLine(self._number, text, self._at)
            self._number += 1


class LineReader:
    """Reads lines in order: each is a call of this endpoint and of one model, with an id of its own."""

    def __init__(self, *, endpoint: str, model: str = "") -> None:
        self._endpoint, self.model = endpoint, model
        self._seen: set[bytes] = set()

    def forget_model(self) -> None:
        """The line that named it can't be made: the next one says what the batch asks."""
        self.model = ""

    def read(self, raw: RawLine) -> Line | Fault:
        """The call of a line, or why there is none."""
        found = parsed_line(raw, self._endpoint)
        if isinstance(found, Fault):
            return found
        digest = blake2b(found.custom_id.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
        if digest in self._seen:
            told = f"The custom_id '{found.custom_id[:100]}' was used by a line before. Each needs its own."
            return Fault(line=raw.number, code="duplicate_custom_id", message=told, param="custom_id")
        self._seen.add(digest)
        if not self.model:
            self.model = found.model
        if found.model != self.model:
            told = (
                f"All lines of a batch ask one model: '{self.model[:100]}' here, not '{found.model[:100]}'."
            )
            return Fault(line=raw.number, code="mismatched_model", message=told, param="body.model")
        return found


def parsed_line(raw: RawLine, endpoint: str) -> Line | Fault:
    """A line by itself."""

    def fault(code: str, message: str, param: str = "") -> Fault:
        return Fault(line=raw.number, code=code, message=message, param=param)

    if raw.text is None:
        return fault("request_too_large", "The line is longer than a call may be.")
    try:
        found: Any = orjson.loads(raw.text)
    except orjson.JSONDecodeError as error:
        return fault("invalid_json_line", f"This line is not valid JSON: {error.msg[:200]}.")
    if not isinstance(found, dict):
        return fault("invalid_json_line", "This line is not a JSON object.")
    custom_id, body, url = found.get("custom_id"), found.get("body"), found.get("url")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= MAX_CUSTOM_ID:
        told = f"Each line needs a custom_id: a text of 1 to {MAX_CUSTOM_ID} characters."
        return fault("missing_required_parameter", told, "custom_id")
    if found.get("method") != "POST":
        return fault("invalid_method", "The method of a line is POST.", "method")
    if url != endpoint:
        return fault("invalid_url", f"The url of each line is the batch's endpoint, {endpoint}.", "url")
    if not isinstance(body, dict):
        return fault("missing_required_parameter", "Each line needs a body: a JSON object.", "body")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return fault("missing_required_parameter", "The body of a line names its model.", "body.model")
    if body.get("stream"):
        return fault(
            "invalid_request", "The calls of a batch are answered whole: leave 'stream' out.", "body.stream"
        )
    return Line(number=raw.number, custom_id=custom_id, model=model, body=orjson.dumps(body))


def custom_id_of(raw: RawLine) -> str | None:
    """The custom_id of a line, also of one that is broken, where it can be read."""
    try:
        found = None if raw.text is None else orjson.loads(raw.text)
    except orjson.JSONDecodeError:
        return None
    custom_id = found.get("custom_id") if isinstance(found, dict) else None
    return custom_id[:MAX_CUSTOM_ID] if isinstance(custom_id, str) else None
