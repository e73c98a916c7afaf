"""PURE: international bank account numbers (ISO 13616), by form and checksum, in either case."""

import re
from collections.abc import Iterator

from governance.privacy.policy.recognition.checksums import mod97
from governance.screening.policy.findings import Finding

_CANDIDATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_MIN_LENGTH, _MAX_LENGTH = 15, 34


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
    while end - start >= _MIN_LENGTH:
        number = re.sub(r"[ -]", "", text[start:end]).upper()
        if _MIN_LENGTH <= len(number) <= _MAX_LENGTH and mod97(number):
            return end
        end = max(text.rfind(" ", start, end), text.rfind("-", start, end))
    return -1
