"""PURE: international bank account numbers (ISO 13616), by form and checksum, in either case."""

import re
from collections.abc import Iterator

from governance.policy.findings import Finding
from governance.policy.recognition.checksums import mod97

_CANDIDATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_LEAST, _MOST = 15, 34


def ibans(text: str) -> Iterator[Finding]:
    """Numbers whose check digits are right; where words follow one, the longest head that is a number."""
    position = 0
    while (match := _CANDIDATE.search(text, position)) is not None:
        end = _end(text, match.start(), match.end())
        if end != -1:
            yield Finding(match.start(), end, "IBAN_CODE", 1.0, "bank accounts")
        # What a candidate takes in behind a number may be the beginning of another.
        position = max(end, match.start() + 1)


def _end(text: str, start: int, end: int) -> int:
    while end - start >= _LEAST:
        number = re.sub(r"[ -]", "", text[start:end]).upper()
        if _LEAST <= len(number) <= _MOST and mod97(number):
            return end
        end = max(text.rfind(" ", start, end), text.rfind("-", start, end))
    return -1
