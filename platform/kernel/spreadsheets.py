"""Cells of CSV files that people open in a spreadsheet."""

import unicodedata
from typing import Any

_STARTS = frozenset("=+-@|%\N{MINUS SIGN}")
"""How a formula begins, or a call of another program (OWASP, CSV Injection); full-width and other forms fold to these."""


def safe_cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet takes for a formula: with an apostrophe before it, where it might be one.

    Spreadsheets pass over blanks, controls and invisible characters before a formula, and fold full-width signs.
    """
    if not isinstance(value, str) or not value:
        return value
    begins_blank = value[0] in "\t\r\n"
    first = next((each for each in value if unicodedata.category(each)[0] not in "ZC"), "")
    is_formula = any(each in _STARTS for each in unicodedata.normalize("NFKC", first)[:1])
    return f"'{value}" if begins_blank or is_formula else value
