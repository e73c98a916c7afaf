"""Harmless texts that are installed anyway: Python's sources and help pages, packages' descriptions, Django's messages."""

import gettext
import importlib.metadata
import pydoc_data.topics
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_ASKS = (
    "Explain this code:", "What does this do?", "Fix the bug in this code.", "Refactor the code below.", "Add comments:",
    "Why does this not work?", "Write tests for this.", "Translate this to Java.", "", "", "", "Review my code please.",
)  # fmt: skip
_READS = (
    "Summarise:",
    "Summarize the text below.",
    "Give me the main points.",
    "Rewrite this more simply.",
    "",
    "",
    "Proofread:",
)
_SPEAKS = ("Translate into English:", "Correct my grammar:", "", "", "", "What language is this?")
_LENGTHS = (150, 300, 700, 1500, 3000)


def code(dice: random.Random, count: int) -> Iterator[str]:
    """Pieces of the standard library's sources, under what people ask about code."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = sorted(path for path in folder.glob("*.py") if path.stat().st_size > 4_000)
    names += sorted((folder / "asyncio").glob("*.py")) + sorted((folder / "email").glob("*.py"))
    sources = [path.read_text(errors="replace") for path in names]
    for _ in range(count):
        yield f"{dice.choice(_ASKS)}\n{_piece(dice.choice(sources), dice)}".strip()


def prose(dice: random.Random, count: int) -> Iterator[str]:
    """Pieces of Python's help pages."""
    pages = [pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics)]
    for _ in range(count):
        yield f"{dice.choice(_READS)} {_piece(dice.choice(pages), dice)}".strip()


def messages(dice: random.Random, count: int) -> Iterator[str]:
    """A few of Django's messages, all in one language."""
    languages = list(_messages_by_language())
    for _ in range(count):
        known = dice.choice(languages)
        chosen = dice.sample(known, min(len(known), dice.choice((1, 1, 2, 3, 6, 12))))
        yield f"{dice.choice(_SPEAKS)} {dice.choice((' ', chr(10))).join(chosen)}".strip()


def readmes() -> list[str]:
    """The descriptions of the packages that are installed, by name; among them several of clients of language models."""
    found = {}
    for distribution in importlib.metadata.distributions():
        # What follows the headers is the description.
        text = (distribution.read_text("METADATA") or "").partition("\n\n")[2]
        if len(text) > 800:
            found[distribution.metadata["Name"].lower()] = text
    return [found[name] for name in sorted(found)]


def _messages_by_language() -> Iterator[list[str]]:
    import django

    found: dict[str, list[str]] = {}
    for path in sorted(Path(django.__file__).parent.rglob("django.mo")):
        with path.open("rb") as file:
            translations = gettext.GNUTranslations(file)
        catalog: dict[object, str] = translations._catalog  # type: ignore[attr-defined]
        texts = {text for original, text in catalog.items() if original and len(text) > 12}
        found.setdefault(path.parts[-3], []).extend(sorted(texts))
    return (texts for texts in found.values() if len(texts) > 40)


def _piece(text: str, dice: random.Random) -> str:
    length = dice.choice(_LENGTHS)
    begin = dice.randrange(max(1, len(text) - length))
    return text[begin : begin + length]
