"""PURE: the delimiters that a template itself uses, and how a value is kept from forging them.

A template that wraps a document in `<document>…</document>`, in a fence or under a heading trusts that the end it wrote
is the end. In a value such a delimiter is broken by an invisible character: a reader sees the same, a model no end.
"""

import re

from governance.screening.policy.defence import BREAK, unforged

_TAG = re.compile(r"</?([A-Za-z][\w.-]*+)")
_RUN = re.compile(r"^[ \t]*([`~\"'#=*_<>|+-])\1{2,}", re.MULTILINE)
_LABEL = re.compile(r"^[ \t]*(#{1,6}[ \t]+\S.{0,80}|[A-Za-z][\w \t]{0,40}:)[ \t]*$", re.MULTILINE)
_BRACKETED = re.compile(r"\[/?([A-Z][A-Z_ ]{1,40})\]")


class Delimiters:
    """What a template sets apart with: tags, fences and rules, headings and labels on lines of their own, [MARKS]."""

    __slots__ = ("_pattern",)

    def __init__(self, literal: str) -> None:
        """From the text of a template that is not variable."""
        parts: list[str] = []
        if tags := set(_TAG.findall(literal)):
            parts.append(rf"<(?=\s{{0,3}}/?\s{{0,3}}(?:{_any(tags)})(?!\w))")
        if runs := set(_RUN.findall(literal)):
            parts += [rf"{re.escape(sign)}{{2}}(?={re.escape(sign)})" for sign in sorted(runs)]
        if labels := {label.strip() for label in _LABEL.findall(literal)}:
            parts.append(rf"(?m:^[ \t]{{0,8}}(?:{_any(label[:-1] for label in labels)}))(?={'|'.join(sorted({re.escape(label[-1]) for label in labels}))})")  # fmt: skip
        if marks := set(_BRACKETED.findall(literal)):
            parts.append(rf"\[(?=/?(?:{_any(marks)})\])")
        self._pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def broken_in(self, value: str) -> str:
        """The value, with whatever in it could pass for a delimiter or a role broken."""
        value = unforged(value)
        if self._pattern is None:
            return value
        return self._pattern.sub(lambda match: match.group() + BREAK, value)


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]
