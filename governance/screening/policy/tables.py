"""PURE: requests that stand between the rows of a table, where nobody asks for anything."""

import re

_MAX_LINES = 400
"""Lines that are looked at."""
_MIN_ROWS = 3
_ROWS_OF_ALL = 0.7
_ROW = re.compile(r"^\s*\|.*\|\s*$|^[^|\n]*(?:\|[^|\n]*){2,}$|^[^\t\n]*(?:\t[^\t\n]*){2,}$")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_ASKS = re.compile(
    r"\?\s*$|\b(?:you|your|please|can you|i need|i want|i am|help me|how|what|why)\b|^\W*(?:\w+ly )?(?:write|say|tell|reply|respond|answer|translate|"
    r"explain|describe|give|list|create|generate|make|recommend|suggest|mention|add|include|insert|encode|replace|remove|use|summari[sz]e|"
    r"ignore|forget|send|find|search|show|provide|teach|compose|draft|convince|promote|respond|ask|inform|spread|rewrite|convert|print|output)\b",
    re.IGNORECASE,
)


def request_in_table(text: str) -> bool:
    """Whether a text is a table but for a line or two, one of which asks for something."""
    if text.count("|") < 2 * _MIN_ROWS and text.count("\t") < 2 * _MIN_ROWS:
        return False
    lines = [line for line in text.split("\n", _MAX_LINES)[:_MAX_LINES] if line.strip()]
    others = [line for line in lines if not _ROW.match(line)]
    rows = len(lines) - len(others)
    if rows < _MIN_ROWS or rows < _ROWS_OF_ALL * len(lines):
        return False
    return any(len(_WORDS.findall(line, 0, 600)) > 3 and _ASKS.search(line[:600]) for line in others)
