import pytest

from kernel.spreadsheets import safe_cell

WIDE = [chr(ord(sign) + 0xFEE0) for sign in "=+-@"]


@pytest.mark.parametrize("sign", [*"=+-@|%", *WIDE, *"﹣﹢﹦﹫", "\N{MINUS SIGN}"])
@pytest.mark.parametrize(
    "before", ["", " ", "\t", "\r", "\n", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}", "\ufeff", "\u200b"]
)
def test_what_a_spreadsheet_would_compute_is_text(before, sign):
    assert safe_cell(f"{before}{sign}1+1") == f"'{before}{sign}1+1"


@pytest.mark.parametrize(
    "value", ["", "a=b", "claude-sonnet-4-5", "2026-11-01", " a", chr(0xFF10), 12, -1.5, None]
)
def test_what_is_none_stays(value):
    assert safe_cell(value) == value


@pytest.mark.parametrize("value", ["\tx", "\rx", "\nx"])
def test_a_tab_or_a_line_end_before_a_text_is_kept_as_text(value):
    assert safe_cell(value) == f"'{value}"
