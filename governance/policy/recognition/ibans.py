"""PURE: international bank account numbers (ISO 13616), by form and checksum, in either case."""

import re
from collections.abc import Iterator

from governance.policy.findings import Finding
from governance.policy.recognition.checksums import mod97

_CANDIDATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_LEAST, _MOST = 15, 34


def ibans(text: str) -> Iterator[Finding]:
    """Numbers whose check digits are right; where words follow one, the longest head that is a number."""
    for match in _CANDIDATE.finditer(text):
        end = match.end()
        while end - match.start() >= _LEAST:
            number = re.sub(r"[ -]", "", text[match.start() : end]).upper()
            if _LEAST <= len(number) <= _MOST and mod97(number):
                yield Finding(match.start(), end, "IBAN_CODE", 1.0, "bank accounts")
                break
            end = max(text.rfind(" ", match.start(), end), text.rfind("-", match.start(), end))
