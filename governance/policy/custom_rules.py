"""PURE: admins' own rules. Patterns run in RE2, so no pattern can hang a call: its time grows with the text alone."""

import re
from collections.abc import Iterator

import re2

from governance.policy.findings import Finding
from governance.policy.privacy import Rule
from governance.policy.recognition.checksums import CHECKSUMS
from governance.policy.recognition.context import speaks_for

MOST_MEMORY_BYTES = 4 << 20
"""Of one compiled pattern: RE2 refuses what would need more."""
LONGEST_PATTERN = 2000
_SURROGATES = re.compile("[\ud800-\udfff]")
_SCORE = 0.9


class BadPatternError(ValueError):
    """A pattern that can't be used; the message says why, for the person who wrote it."""


class CustomRule:
    """A compiled rule. BadPatternError where it can't be."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._patterns = [_compiled(pattern) for pattern in rule.patterns]
        if rule.deny:
            words = "|".join(sorted(map(re2.escape, rule.deny), key=len, reverse=True))
            self._deny = _compiled(rf"(?i)(?:{words})", longest=200_000)
        else:
            self._deny = None
        self._checksum = CHECKSUMS[rule.checksum] if rule.checksum else None

    def find(self, text: str) -> Iterator[Finding]:
        """Every match, those right behind one another as one. Offsets are code points, lone surrogates included."""
        clean = text if text.isascii() else _SURROGATES.sub("\ufffd", text)
        for pattern in self._patterns:
            yield from self._joined(clean, self._matches(pattern, clean))
        if self._deny is not None:
            for start, end in self._matches(self._deny, clean):
                if _is_whole(clean, start, end):
                    yield Finding(start, end, self.rule.entity, 1.0, self.rule.entity)

    def _matches(self, pattern: "re2._Regexp[str]", text: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            start, end = match.span()
            if start < end:
                yield start, end

    def _joined(self, text: str, matches: Iterator[tuple[int, int]]) -> Iterator[Finding]:
        begin = finish = -1
        for start, end in matches:
            if not self._is_meant(text, start, end):
                continue
            if start == finish:
                finish = end
                continue
            if finish != -1:
                yield Finding(begin, finish, self.rule.entity, _SCORE, self.rule.entity)
            begin, finish = start, end
        if finish != -1:
            yield Finding(begin, finish, self.rule.entity, _SCORE, self.rule.entity)

    def _is_meant(self, text: str, start: int, end: int) -> bool:
        if self._checksum is not None:
            digits = "".join(letter for letter in text[start:end] if letter.isascii() and letter.isalnum())
            try:
                if not self._checksum(digits):
                    return False
            except ValueError:
                return False  # letters where only digits can be checked
        return not self.rule.context or speaks_for(text, start, end, self.rule.context)


def _compiled(pattern: str, *, longest: int = LONGEST_PATTERN) -> "re2._Regexp[str]":
    if len(pattern) > longest:
        raise BadPatternError(f"A pattern may have {longest} characters, and this one has {len(pattern)}.")
    options = re2.Options()
    options.max_mem = MOST_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadPatternError(
            f"“{pattern[:80]}” is no pattern that can be used: {reason}. "
            "Patterns are RE2's: look-around and back-references are not possible."
        ) from error


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word goes on at either end."""
    before = start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_") and text[start].isalnum()
    after = end < len(text) and (text[end].isalnum() or text[end] == "_") and text[end - 1].isalnum()
    return not (before or after)
