"""PURE: endings that mean nothing to people, as programs find that search for what makes a model comply."""

import re

_TAIL = 90
_HEAD = 40
_ODD_MARKS = 5
"""Joins that neither prose nor tidy code has, from which an ending is meaningless."""

_JOINS = (
    re.compile(r"[A-Za-z][\\{}\[\]()<>|$^`=+*&%#@!?:;,]+[A-Za-z]"),  # word{word
    re.compile(r"[a-z]{2}[A-Z][a-z]"),  # wordWord
    re.compile(r"[\\{}\[\]()<>|$^`=+*&%#@!?:;,.'\"]{3,}"),  # heaps of marks
    re.compile(r"[\\{(\[<][)\]}>\\{(\[]"),  # brackets in each other
    re.compile(r"\s[)\]},.;:!?]\S|[({\[]\s|\s[,.;]\s"),  # marks on the wrong side of the blank
    re.compile(r"_[({\[]|\\[({\[A-Za-z]|\$\\|\]\.|\}\.|\.\["),
)
_PROSE = re.compile(r"[\w\s,.'’\"-]*\Z")
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}


def meaningless_tail(text: str) -> bool:
    """Whether a text that begins as prose ends, on the same line, in what is neither prose nor code."""
    line = text.rstrip()[-2_000:].rpartition("\n")[2]
    if len(line) < _HEAD + 40 or not _PROSE.match(line[:_HEAD]):
        return False
    tail = line[max(_HEAD // 2, len(line) - _TAIL) :]
    joins = sum(len(pattern.findall(tail)) for pattern in _JOINS)
    return joins + 2 * _unmatched(tail) >= _ODD_MARKS and _unmatched(tail) > 0


def _unmatched(text: str) -> int:
    """Brackets without their partner."""
    waiting: list[str] = []
    alone = 0
    for sign in text:
        if sign in "([{":
            waiting.append(sign)
        elif sign in ")]}":
            if waiting and waiting[-1] == _BRACKETS[sign]:
                waiting.pop()
            else:
                alone += 1
    return alone + len(waiting)
