"""PURE: texts and patterns in answers. Patterns run in RE2, so no pattern can hang a worker."""

import re
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN_LENGTH = 2000
_MAX_MEMORY_BYTES = 4 << 20
SURROGATES = re.compile("[\ud800-\udfff]")


def contains(text: str, output: str, *, ignore_case: bool) -> bool:
    """Whether a text is in the output."""
    return text.casefold() in output.casefold() if ignore_case else text in output


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern can't be used; None where it can."""
    if not pattern:
        return "A pattern is not empty."
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"A pattern has at most {MAX_PATTERN_LENGTH} characters."
    if SURROGATES.search(pattern):
        return "A pattern can't hold half a character, as some programs write emoji."
    try:
        _compiled(pattern, True)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        return f"This pattern can't be used: {text}. RE2 has no look-around and no back-references."
    return None


def pattern_found(pattern: str, output: str, *, ignore_case: bool, whole: bool = False) -> str | None:
    """What the pattern finds; None where it finds nothing."""
    clean = output if output.isascii() else SURROGATES.sub("\ufffd", output)
    compiled = _compiled(pattern, ignore_case)
    match = compiled.fullmatch(clean) if whole else compiled.search(clean)
    return None if match is None else str(match.group(0))


@lru_cache(maxsize=256)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    return compiled_pattern(pattern, ignore_case=ignore_case)


def compiled_pattern(pattern: str, *, ignore_case: bool) -> Any:
    """A pattern of RE2 that `pattern_problem` finds nothing wrong with, kept by whoever looks for it often."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)
