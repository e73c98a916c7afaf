"""PURE: one finding a character. The rules where findings overlap, in order:

1. The finding whose entity stands earlier in `PRECEDENCE` wins: what has a form of its own beats what is read from words.
2. Of one rank, the longer wins, then the surer, then the earlier.
3. What the winner does not cover of the loser stays found, unless it is punctuation and lower case alone; of what looks
   like a placeholder, always.
"""

from collections.abc import Iterable

from governance.screening.policy.findings import Finding

PRECEDENCE = (
    "LITERAL", "SECRET", "EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "US_SSN", "CRYPTO", "MAC_ADDRESS", "IP_ADDRESS", "URL",
    "*",  # every other identifier, and admins' own rules
    "PHONE_NUMBER", "STREET_ADDRESS", "AGE", "DATE_TIME", "TITLE", "PERSON", "ZIP_CODE", "NRP", "LOCATION", "ORGANIZATION",
)  # fmt: skip
_RANK = {entity: rank for rank, entity in enumerate(PRECEDENCE)}
_OTHER = _RANK["*"]


def resolved(text: str, findings: Iterable[Finding], *, taken: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The findings in order, none overlapping another, nor one of those that were there before."""
    ordered = sorted(
        set(findings),
        key=lambda each: (
            _RANK.get(each.entity, _OTHER),
            each.start - each.end,
            -each.score,
            each.start,
            each.entity,
        ),
    )
    kept: list[Finding] = []
    owner = bytearray(len(text))
    for each in taken:
        owner[each.start : each.end] = b"\x01" * (each.end - each.start)
    for finding in ordered:
        for start, end in _free(owner, finding.start, finding.end):
            if start == finding.start and end == finding.end:
                kept.append(finding)
            elif _matters(text[start:end]) or (finding.entity == "LITERAL" and _has_letters(text[start:end])):
                start, end = _trimmed(text, start, end)
                kept.append(Finding(start, end, finding.entity, finding.score, finding.rule))
            else:
                continue
            owner[start:end] = b"\x01" * (end - start)
    return tuple(sorted(kept, key=lambda each: each.start))


def _free(owner: bytearray, start: int, end: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    position = start
    while (position := owner.find(b"\x00", position, end)) != -1:
        stop = owner.find(b"\x01", position, end)
        stop = end if stop == -1 else stop
        runs.append((position, stop))
        position = stop
    return runs


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while not _is_letter(text[start]):
        start += 1
    while not _is_letter(text[end - 1]):
        end -= 1
    return start, end


def _matters(text: str) -> bool:
    """Whether there is more than punctuation and lower case: letters of scripts without case count."""
    return any(_is_letter(letter) and not letter.islower() for letter in text)


def _has_letters(text: str) -> bool:
    return any(map(_is_letter, text))


def _is_letter(letter: str) -> bool:
    return letter.isalnum() or letter.isupper()
