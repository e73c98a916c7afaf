"""PURE: a form as it comes, piece by piece (RFC 7578): nothing of a file is kept here but what may be the beginning of its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

_MAX_HEADERS = 16 * 1024
_MAX_PREAMBLE = 4 * 1024
_MAX_BOUNDARY = 70


class BrokenFormError(ValueError):
    """What came is no such form. The message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a field."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The end of the field that began last."""


Event = Part | PartEnd | bytes


def boundary_of(content_type: str) -> bytes:
    """What parts the fields of a form. Raises BrokenFormError."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise BrokenFormError("A file is sent as multipart/form-data, with its boundary in Content-Type.")
    if not 0 < len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise BrokenFormError("The boundary of a form has 1 to 70 characters.")
    return boundary.encode()


class FormReader:
    """Tells of each field its beginning, its bytes and its end. Raises BrokenFormError."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._held = b"\r\n"
        """What came and is not told yet; the first boundary may stand at the very beginning."""
        self._state = "preamble"

    @property
    def is_over(self) -> bool:
        """Whether the end of the form has come."""
        return self._state == "over"

    def feed(self, piece: bytes) -> Iterator[Event]:
        self._held += piece
        while True:
            before = (self._state, len(self._held))
            yield from self._step()
            if self.is_over or before == (self._state, len(self._held)):
                return

    def _step(self) -> Iterator[Event]:
        match self._state:
            case "preamble":
                self._preamble()
            case "mark":
                self._after_mark()
            case "headers":
                yield from self._headers()
            case "body":
                yield from self._body()

    def _preamble(self) -> None:
        at = self._held.find(self._mark)
        if at >= 0:
            self._held, self._state = self._held[at + len(self._mark) :], "mark"
        elif len(self._held) > _MAX_PREAMBLE:
            raise BrokenFormError("The form does not begin with its boundary.")

    def _after_mark(self) -> None:
        if len(self._held) < 2:
            return
        if self._held[:2] == b"--":
            self._state = "over"
            return
        end = self._held.find(b"\r\n")
        if end < 0 and len(self._held) < _MAX_HEADERS:
            return
        if end < 0 or self._held[:end].strip(b" \t"):
            raise BrokenFormError(
                "What stands behind a boundary of the form is neither a new line nor its end."
            )
        self._held, self._state = self._held[end:], "headers"  # the new line belongs to the headers' end, too

    def _headers(self) -> Iterator[Event]:
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            if len(self._held) > _MAX_HEADERS:
                raise BrokenFormError("The headers of a field are too long.")
            return
        headers = HeaderParser().parsestr(self._held[2 : end + 2].decode("utf-8", "replace"))
        name = headers.get_param("name", header="content-disposition")
        if headers.get_content_disposition() != "form-data" or not isinstance(name, str):
            raise BrokenFormError("A field of the form has no name.")
        self._held, self._state = self._held[end + 4 :], "body"
        # An empty field's mark begins with the new line of its headers' end.
        self._held = b"\r\n" + self._held if self._held.startswith(self._mark[2:]) else self._held
        yield Part(name, headers.get_filename())

    def _body(self) -> Iterator[Event]:
        at = self._held.find(self._mark)
        if at >= 0:
            if at:
                yield self._held[:at]
            self._held, self._state = self._held[at + len(self._mark) :], "mark"
            yield PartEnd()
            return
        told = len(self._held) - len(self._mark) + 1
        if told > 0:
            piece, self._held = self._held[:told], self._held[told:]
            yield piece
