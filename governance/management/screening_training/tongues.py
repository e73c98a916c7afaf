"""Attacks and ordinary requests in nineteen languages, put together from the phrases of `tongues.txt`."""

import random
from collections.abc import Iterator
from functools import cache

from governance.management.screening_training.texts import TextWriter, by_language

_ORDER = "drop orders and act"
_SHAPES = (
    ("override", 30),
    ("leak", 16),
    ("secret", 12),
    ("role", 12),
    ("mild", 10),
    ("private", 6),
    ("pretext", 16),
    ("drop", 4),
    ("after", 10),
)
_UNSPACED = ("ja", "zh", "th")
_LETTERS = (1, 1, 1, 2, 3, 5)


@cache
def tongues() -> dict[str, dict[str, list[str]]]:
    """For each language its phrases by slot."""
    return by_language("tongues")


def attacks(seed: int, each: int) -> Iterator[tuple[str, str]]:
    """So many in each language, each with its language."""
    dice = random.Random(seed)  # noqa: S311
    writer = TextWriter(seed)
    shapes, weights = zip(*_SHAPES, strict=True)
    for language, slots in tongues().items():
        for _ in range(each):
            shape = dice.choices(shapes, weights)[0]
            yield language, writer.fill(_attack(shape, language, slots, dice))


def harmless(seed: int, each: int) -> Iterator[tuple[str, str]]:
    """Requests, questions and letters of a few sentences, so many in each language."""
    dice = random.Random(seed)  # noqa: S311
    writer = TextWriter(seed)
    for language, slots in tongues().items():
        for _ in range(each):
            chosen = dice.sample(slots["plain"], dice.choice(_LETTERS))
            yield language, writer.fill(dice.choice((" ", "\n")).join(chosen))


def _attack(shape: str, language: str, slots: dict[str, list[str]], dice: random.Random) -> str:
    if shape == "override":
        return override(language, slots, dice)
    if shape == "drop":
        return override(language, {**slots, "act": [""], "and": [""]}, dice)
    if shape == "role":
        return f"{dice.choice(slots['role'])}. {dice.choice(slots['act'] + slots['leak'] + slots['secret'])}"
    if shape == "mild":
        return f"{dice.choice(slots['mild'])} {dice.choice(slots['act'])}"
    if shape == "after":
        inner = dice.choice(("override", "leak", "secret", "role"))
        return f"{dice.choice(slots['plain'])} {_attack(inner, language, slots, dice)}"
    text = dice.choice(slots[shape]).replace("{act}", dice.choice(slots["act"]))
    return f"{dice.choice(slots['role'])}. {text}" if dice.random() < 0.2 else text


def override(language: str, slots: dict[str, list[str]], dice: random.Random) -> str:
    """An order to drop the orders so far, joined as the language does it."""
    order = (slots.get("order") or [_ORDER])[0].split()
    gap = "" if language in _UNSPACED else " "
    parts = [dice.choice(slots[name]) for name in order]
    if order[0] == "orders":  # the object comes before its verb
        joint = "" if language == "ja" else " "
        return parts[0] + joint + parts[1] + gap + parts[2]
    return f"{parts[0]}{gap}{parts[1]}{parts[2]}{gap}{parts[3]}"
