"""Texts made from templates: attacks, orders hidden in documents, and harmless texts that use the same words."""

import base64
import codecs
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = Path(__file__).parent
_SLOT = re.compile(r"\{([a-z0-9]+)(?::([^{}]*))?\}")
_JOINTS = ("", "", "", " ", "{", "(", "[", "\\", ".", "-", "_", ")", "]", "}", "=", "<", ":")
_DEPTH = 8


def lines(name: str) -> list[str]:
    """The lines of one of the files beside this one."""
    return [line for line in (_FOLDER / f"{name}.txt").read_text().splitlines() if line.strip()]


def by_language(name: str) -> dict[str, dict[str, list[str]]]:
    """One of the files that has phrases by slot under the name of each language, such as `[de]`."""
    found: dict[str, dict[str, list[str]]] = {}
    language = ""
    for line in lines(name):
        if line.startswith("["):
            language = line.strip("[]")
            found[language] = {}
        else:
            slot, _, phrases = line.partition(":")
            found[language][slot] = [phrase.strip() for phrase in phrases.split(" | ")]
    return found


def _table(name: str) -> dict[str, list[str]]:
    rows = (line.partition(":") for line in lines(name))
    return {slot: [choice.strip() for choice in choices.split(" | ")] for slot, _, choices in rows}


@dataclass
class TextWriter:
    """Fills templates, the same for the same seed. `scraps` are bits of words, for meaningless endings."""

    seed: int
    scraps: list[str] = field(default_factory=lambda: ["sol", "ent", "Lat", "var", "ther", "ung", "ado"])

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  no secret is made from it
        self._slots = _table("slots")
        self._languages = _table("languages")

    def fill(self, template: str) -> str:
        """The template with every slot filled; a name stays the same within a text."""
        fixed = {name: self.random.choice(self._slots[name]) for name in ("name", "person", "company")}
        text = template
        for _ in range(_DEPTH):
            text, count = _SLOT.subn(lambda match: self._value(match, fixed), text)
            if not count:
                break
        return self._case(re.sub(r" +([.,;!?])", r"\1", text))

    def one_of(self, templates: list[str]) -> str:
        return self.fill(self.random.choice(templates))

    def several(self, templates: list[str], count: int) -> Iterable[str]:
        """Every template in turn, so that rare ones are there too."""
        order: list[str] = []
        while len(order) < count:
            shuffled = templates.copy()
            self.random.shuffle(shuffled)
            order += shuffled
        return (self.fill(template) for template in order[:count])

    def persona(self, templates: list[str]) -> str:
        """A long text of the kind that gives a model another identity."""
        chosen = self.random.sample(templates, self.random.randint(4, min(14, len(templates))))
        first = [templates[0]] if self.random.random() < 0.5 else []
        return self.fill(self.random.choice(("\n", " ", "\n\n")).join(first + chosen))

    def gibberish(self) -> str:
        """A meaningless ending, as programs find that search for what makes a model comply."""
        parts = []
        dense = self.random.choice((0.15, 0.3, 0.5, 0.8))  # of how many joins are signs
        for _ in range(self.random.randint(8, 24)):
            throw = self.random.random()
            if throw < 0.5:
                scrap = self.random.choice(self.scraps)
                scrap = self.random.choice((scrap, scrap, scrap.capitalize(), scrap.upper(), scrap.lower()))
            else:
                scrap = self.random.choice(self._slots["coin"] if throw < 0.75 else self._slots["mark"])
            signs = [self.random.choice(_JOINTS) if self.random.random() < dense else "" for _ in range(2)]
            parts += [scrap, *signs, self.random.choice(("", " ", " "))]
        return "".join(parts)

    def _value(self, match: re.Match[str], fixed: dict[str, str]) -> str:
        slot, argument = match.groups()
        if slot in fixed:
            return fixed[slot]
        if argument is None:
            return self.random.choice(self._slots[slot]) if slot in self._slots else match.group()
        if slot == "act":
            return self.random.choice(self._languages[argument])
        return self._encoded(slot, argument)

    def _encoded(self, how: str, text: str) -> str:
        if how == "gibberish":
            return f"{text} {self.gibberish()}"
        if how == "b64":
            return base64.b64encode(text.encode()).decode()
        if how == "rot13":
            return codecs.encode(text, "rot13")
        if how == "hex":
            return text.encode().hex(" ")
        return text[::-1]

    def _case(self, text: str) -> str:
        dice = self.random.random()
        if dice < 0.06:
            return text.upper()
        if dice < 0.35:
            return text
        return text[:1].upper() + text[1:]
