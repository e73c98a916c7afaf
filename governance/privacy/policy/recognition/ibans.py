"""PURE: international bank account numbers (ISO 13616), by country, length and checksum, in either case."""

import re
from collections.abc import Iterator

from governance.privacy.policy.recognition.checksums import mod97
from governance.screening.policy.findings import Finding

_CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[ ]?\d{2}(?:[ ./\-]{0,2}\n?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])"
)
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_NAMED = re.compile(
    r"(?i)(?<![^\W_])(?:iban|konto\w*|bank account|bankverbindung|compte|cuenta|conto|rekening\w*)(?![^\W_])[^\n]{0,24}$"
)
_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 "
    "HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
    "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 "
)
_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _REGISTRY.split()}
"""Characters by country, as SWIFT's IBAN registry has them. Without a country every thirtieth row of letters and digits would do."""


def ibans(text: str) -> Iterator[Finding]:
    """Numbers whose check digits are right, and those of the right form beside a word for an account."""
    position = 0
    while (match := _CANDIDATE.search(text, position)) is not None:
        end, is_right = _end(text, match.start(), match.end())
        if end != -1 and (is_right or _NAMED.search(text, max(0, match.start() - 40), match.start())):
            yield Finding(match.start(), end, "IBAN_CODE", 1.0 if is_right else 0.6, "bank accounts")
            # What a candidate takes in behind a number may be the beginning of another.
            position = end
        else:
            position = match.start() + 1


def _end(text: str, start: int, end: int) -> tuple[int, bool]:
    """Where a number of its country's length ends, or -1; whether its check digits are right."""
    wanted = _LENGTHS.get(text[start : start + 2].upper(), 0)
    seen = 0
    for place in range(start, end if wanted else start):
        seen += text[place].isalnum()
        if seen == wanted:
            follows = text[place + 1 : place + 2]
            number = _SIGNS.sub("", text[start : place + 1]).upper()
            if follows.isalnum() or not _is_grouped(text[start : place + 1]):
                return -1, False
            return place + 1, mod97(number)
    return -1, False


def _is_grouped(number: str) -> bool:
    """Whether letters and digits stand in groups as people write them, all of four but the last, or in none."""
    parts = _SIGNS.split(number)
    return len(parts) == 1 or all(len(part) >= 2 for part in parts[:-1])
