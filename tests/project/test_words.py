"""What people read is worded in the field's terms; docs/glossary.md has them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import ROOT

FOLDERS = ("gateway", "governance", "prompts", "platform")
LEFT_OUT = ("migrations", "screening_training", "simulator", "recognition")
"""What is written by a command, or is no interface of ours."""

PATTERNS = {
    r"(?<![Tt]here )\b(?:is|are) no (?!longer\b|more\b)\w": "say what is wrong: “Unknown time zone.”, “Not valid JSON.”",
    r"\bgive or take\b": "tolerance",
    r"\b[Ll]ikeness\b": "similarity",
    r"\b(?:[Mm]ost|[Ll]east|[Ll]ongest) (?:tokens|similarity|characters)\b": "max, minimum",
    r"\b[Ss]omebody who is gone\b": "deleted user",
    r"\b[Ww]ho (?:has )?asked\b": "requester",
    r"\bgives? (?:the )?model (?:other )?orders\b": "prompt injection",
    r"\borders of (?:its|their) own\b": "injected instructions",
    r"\bone a line\b": "one per line",
    r"\b(?:[Nn]ever|[Aa]lways) find\b": "allow list, deny list",
    r"\b[Ll]ooks? at raw text\b": "raw-text access",
}
CONSTANT = re.compile(r"\b_?(?:MOST|LEAST|LONGEST|FEWEST|SHORTEST)_?[A-Z_]*\b")


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if not set(LEFT_OUT) & set(path.parts)]


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module that are shown to somebody: no docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def awkward(text: str) -> list[str]:
    return [
        f"“{found[0]}”: {better}"
        for pattern, better in PATTERNS.items()
        if (found := re.search(pattern, text))
    ]


def test_what_is_shown_is_in_the_field_s_terms():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {problem}"
        for path in sources()
        for line, text in texts(path)
        for problem in awkward(text)
    ]
    found += [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in (ROOT / "templates").rglob("*.html")
        for problem in awkward(path.read_text())
    ]
    assert found == []


def test_limits_are_named_max_and_min():
    assert [path for path in sources() if CONSTANT.search(path.read_text())] == []


@pytest.mark.parametrize(
    "text", ["This is no JSON.", "Most tokens of input", "One a line: one a line.", "by somebody who is gone"]
)
def test_the_patterns_find_what_they_are_for(text):
    assert awkward(text)


@pytest.mark.parametrize("text", ["It is no longer there.", "There are no more cases.", "Max input tokens"])
def test_the_patterns_leave_plain_english_alone(text):
    assert awkward(text) == []
