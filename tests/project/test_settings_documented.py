"""docs/settings.md names every variable that is read, and no other."""

import re

from tests.services import ROOT

NAME = r"(?:GATEHOUSE|DATABASE|REDIS|BEDROCK|AWS)_[A-Z_]+"


def documented() -> set[str]:
    """The first column of the tables."""
    text = (ROOT / "docs" / "settings.md").read_text()
    return set(re.findall(rf"^\| `({NAME})` \|", text, re.MULTILINE))


def read() -> set[str]:
    """What the code asks the environment for."""
    names = set(
        re.findall(r'\benv(?:\.\w+)?\(\s*"(\w+)"', (ROOT / "platform/config/settings.py").read_text())
    )
    for folder in ("platform", "gateway", "governance", "prompts"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            names |= set(re.findall(rf'(?:\.get\(|\[|_number\(environ, )"({NAME})"', text))
    simulator = (ROOT / "platform/embedded/simulator/server.py").read_text()
    return names | {
        f"GATEHOUSE_SIMULATOR_{name}" for name in re.findall(r'_number\(environ, "(\w+)"', simulator)
    }


def test_every_variable_is_documented() -> None:
    assert read() - documented() == set()


def test_every_documented_variable_is_read() -> None:
    assert documented() - read() == set()
