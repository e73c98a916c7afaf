"""PURE: admins' own rules. Patterns run in RE2, so no pattern can hang a call: its time grows with the text alone."""

import re
from collections.abc import Iterator

import re2

from governance.privacy.policy.privacy import PrivacyRule
from governance.privacy.policy.recognition.checksums import CHECKSUMS
from governance.privacy.policy.recognition.context import speaks_for
from governance.screening.policy.findings import Finding
from kernel.errors import InvalidError

MAX_MEMORY_BYTES = 4 << 20
"""Of one compiled pattern: RE2 refuses what would need more."""
MAX_PATTERN_LENGTH = 2000
_SURROGATES = re.compile("[\ud800-\udfff]")
_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts that put no spaces between words, or join particles to them: a word may stand among them."""
_ALONE = re.compile(f"[{_NO_SPACES}]")
_SCORE = 0.9
_WINDOW = 4000
"""Characters that are searched at once for words."""
_HALF = "A pattern or a word can't hold half a character, as some programs write emoji."


class BadPatternError(InvalidError):
    """A pattern that can't be used; the message says why, for the person who wrote it."""

    code = "bad_pattern"


class CustomRule:
    """A compiled rule. BadPatternError where it can't be."""

    def __init__(self, rule: PrivacyRule) -> None:
        self.rule = rule
        self._patterns = [_compiled(pattern) for pattern in rule.patterns]
        words = [word for word in rule.deny if word.strip()]
        self._deny = _words(words) if words else None
        self._longest = max(map(len, words), default=0)
        self._checksum = CHECKSUMS[rule.checksum] if rule.checksum else None

    def find(self, text: str) -> Iterator[Finding]:
        """Every match, those right behind one another as one. Offsets are code points, lone surrogates included."""
        clean = text if text.isascii() else _SURROGATES.sub("\ufffd", text)
        for pattern in self._patterns:
            yield from self._joined(clean, self._matches(pattern, clean))
        yield from self._denied(clean)

    def _denied(self, text: str) -> Iterator[Finding]:
        """The words of the deny list, those too that begin within another."""
        span = max(_WINDOW, 4 * self._longest)
        position = 0
        while self._deny is not None and position < len(text):
            match = self._deny.search(text[position : position + span])
            if match is None:
                position += span - self._longest
                continue
            start, end = (position + place for place in match.span(match.lastindex))
            if end == position + span and start > position:
                position = start  # what follows is to be seen
                continue
            if _is_whole(text, start, end):
                yield Finding(start, end, self.rule.entity, 1.0, self.rule.entity)
            position = _next_begin(text, start)

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
                if not any(map(str.isdecimal, digits)) or not self._checksum(digits):
                    return False
            except ValueError:
                return False  # letters where only digits can be checked
        return not self.rule.context or speaks_for(text, start, end, self.rule.context)


def _compiled(pattern: str, *, longest: int = MAX_PATTERN_LENGTH) -> "re2._Regexp[str]":
    if len(pattern) > longest:
        raise BadPatternError(f"A pattern may have {longest} characters, and this one has {len(pattern)}.")
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        raise BadPatternError(_HALF) from error
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadPatternError(
            f"“{pattern[:80]}” is not a valid pattern: {reason}. "
            "Patterns use RE2 syntax, without look-around or back-references."
        ) from error


def _words(words: list[str]) -> "re2._Regexp[str]":
    """Matches any of the words, in its one group that took part; not where a letter follows a word that ends in one."""
    if _SURROGATES.search("".join(words)) is not None:
        raise BadPatternError(_HALF)
    longest_first = sorted(words, key=len, reverse=True)
    ends = "|".join(re2.escape(word) for word in longest_first if word[-1].isalnum())
    others = "|".join(re2.escape(word) for word in longest_first if not word[-1].isalnum())
    forms = (rf"({ends})(?:\z|[^\pL\pN_]|[{_NO_SPACES}])" if ends else "", f"({others})" if others else "")
    return _compiled(f"(?i)(?:{'|'.join(filter(None, forms))})", longest=400_000)


def _next_begin(text: str, start: int) -> int:
    """The next place behind `start` that is not within a word."""
    place = start + 1
    while place < len(text) and _is_of_word(text[place - 1]) and _is_of_word(text[place]):
        place += 1
    return place


def _is_of_word(letter: str) -> bool:
    return letter == "_" or (letter.isalnum() and (letter < "\u0e00" or _ALONE.match(letter) is None))


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word goes on at either end."""
    before = start > 0 and _is_of_word(text[start - 1]) and text[start].isalnum()
    after = end < len(text) and _is_of_word(text[end]) and text[end - 1].isalnum()
    return not (before or after)
