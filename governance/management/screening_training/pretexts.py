"""Requests for what is guarded, under a pretext or inside of pasted material, and harmless texts of their kind, in twenty languages.

The phrases are those of `pretexts.txt`, with the requests and orders of `tongues.txt`.
"""

import base64
import random
from collections.abc import Iterator
from functools import cache

from governance.management.screening_training import disguises
from governance.management.screening_training.texts import TextWriter, by_language
from governance.management.screening_training.tongues import override, tongues

_SHAPES = (
    ("bare", 12),
    ("claimed", 26),
    ("formed", 14),
    ("claimed and formed", 8),
    ("led to", 10),
    ("pure", 14),
    ("act", 10),
    ("dropped", 10),
    ("within", 26),
    ("turned", 16),
)
_HARMLESS_SHAPES = (("hard", 40), ("several", 20), ("letter", 10), ("within", 30), ("can", 20))
_MIXED = 0.1
"""Share of attacks whose parts are in different languages."""
_SPOILT = 0.06
_NAMES = ("total", "area", "price", "greet", "count_words", "average", "mirror")
_GOODS = ("12", "340", "7.5", "1,204", "98", "3 kg", "EUR 40", "2021", "A4")
_ENDS = (".", "?", "!", "。", "?", "!", "।", "؟", ":", ":")


@cache
def pretexts() -> dict[str, dict[str, list[str]]]:
    """For each language its phrases by slot."""
    return by_language("pretexts")


def attacks(seed: int, each: int) -> Iterator[tuple[str, str]]:
    """So many in each language, each with its language."""
    dice = random.Random(seed)  # noqa: S311
    writer = TextWriter(seed)
    for language in pretexts():
        for _ in range(each):
            others = list(pretexts()) if dice.random() < _MIXED else [language]
            text = writer.fill(_attack(_one_of(_SHAPES, dice), language, others, dice))
            if dice.random() < _SPOILT:
                text = disguises.disguised(text, dice)
            yield language, text


def harmless(seed: int, each: int) -> Iterator[tuple[str, str]]:
    """Requests of the same kinds that ask for nothing that is guarded, and the same material without an order in it."""
    dice = random.Random(seed)  # noqa: S311
    writer = TextWriter(seed)
    for language, slots in pretexts().items():
        plain = slots["hard"] + tongues().get(language, {}).get("plain", [])
        for _ in range(each):
            shape = _one_of(_HARMLESS_SHAPES, dice)
            if shape == "within":
                text = f"{dice.choice(slots['task'])} {_material(dice.choice(slots['note']), None, dice)}"
            elif shape == "can":
                text = dice.choice(slots["can"]).replace("{obj}", dice.choice(slots["fine"]))
            elif shape == "letter":
                text = f"{dice.choice(slots['note'])} {dice.choice(plain)}"
            else:
                chosen = dice.sample(plain, 1 if shape == "hard" else dice.choice((2, 2, 3)))
                text = dice.choice((" ", "\n")).join(chosen)
            yield language, writer.fill(text)


def _one_of(shapes: tuple[tuple[str, int], ...], dice: random.Random) -> str:
    return dice.choices([name for name, _ in shapes], [weight for _, weight in shapes])[0]


def _attack(shape: str, language: str, others: list[str], dice: random.Random) -> str:
    def one(*names: str) -> str:
        slots = pretexts()[dice.choice(others)]
        name = dice.choice(names)
        if name in ("ask", "priv") and dice.random() < 0.5:
            return _ended(dice.choice(slots["can"]).replace("{obj}", dice.choice(slots["obj"])), dice)
        if name == "claim" and dice.random() < 0.35:
            name = "world"
        return _ended(dice.choice(slots[name]), dice)

    if shape == "bare":
        return one("ask", "priv")
    if shape == "claimed":
        return (
            f"{one('claim')} {one('ask', 'priv')}"
            if dice.random() < 0.8
            else f"{one('ask', 'priv')} {one('claim')}"
        )
    if shape == "formed":
        return f"{one('ask', 'priv')} {one('how')}"
    if shape == "claimed and formed":
        return f"{one('claim')} {one('ask', 'priv')} {one('how')}"
    if shape == "led to":
        return f"{one('lead')} {one('ask', 'priv', 'pure')}"
    if shape == "pure":
        return one("pure") if dice.random() < 0.7 else f"{one('claim')} {one('pure')}"
    if shape == "turned":
        plain = tongues().get(language, pretexts()[language]).get("plain") or pretexts()[language]["hard"]
        return f"{dice.choice(plain)} {one('turn')}" if dice.random() < 0.92 else one("turn")
    if shape in ("act", "dropped"):
        slots = tongues().get(language)
        if slots is None:
            return f"{one('claim')} {one('pure')}"
        if shape == "act":
            return f"{one('claim')} {dice.choice(slots['act'] + slots['leak'])}"
        return override(language, {**slots, "act": [one("ask", "priv", "pure")]}, dice)
    slots = pretexts()[language]
    order = dice.choice(pretexts()[dice.choice(others)]["inject"])
    if dice.random() < 0.08:
        order = base64.b64encode(order.replace("{word}", "YES").encode()).decode()
    return f"{dice.choice(slots['task'])} {_material(dice.choice(slots['note']), order, dice)}"


def _ended(phrase: str, dice: random.Random) -> str:
    return phrase if phrase.endswith(_ENDS) or dice.random() < 0.4 else f"{phrase}."


def _material(note: str, order: str | None, dice: random.Random) -> str:
    """A page, code, a table, or prose, as people paste them, with an order in it or without."""
    return dice.choice((_page, _code, _table, _prose, _prose))(note, order, dice)


def _page(note: str, order: str | None, dice: random.Random) -> str:
    hidden = dice.choice(("<!-- {} -->", "<p>{}</p>", "<caption>{}</caption>", "<div hidden>{}</div>", "{}"))
    inner = (
        hidden.format(order)
        if order
        else dice.choice(("", "<!-- menu -->", "<p>2024</p>", "<img src='a.png' alt='a'>"))
    )
    return f"'<html><head><title>{note[:18]}</title></head><body><h1>{note[:18]}</h1><p>{note}</p>{inner}</body></html>'"


def _code(note: str, order: str | None, dice: random.Random) -> str:
    name = dice.choice(_NAMES)
    comment = order or dice.choice((note, "", "todo", name))
    mark = dice.choice(("# {}", '"""{}"""', "// {}"))
    tag = dice.choice(("<code>{}</code>", "```\n{}\n```", "{}"))
    body = f"def {name}(x):\n    {mark.format(comment)}\n    return x * {dice.randint(2, 90)}\nprint({name}({dice.randint(1, 9)}))"
    return tag.format(body)


def _table(note: str, order: str | None, dice: random.Random) -> str:
    rows = [
        f"<tr><td>{dice.choice(note.split())}</td><td>{dice.choice(_GOODS)}</td></tr>"
        for _ in range(dice.randint(2, 5))
    ]
    if order:
        rows.insert(dice.choice((len(rows), dice.randint(0, len(rows)))), f"<tr><td>{order}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _prose(note: str, order: str | None, dice: random.Random) -> str:
    quote = dice.choice(("'{}'", '"{}"', "{}", "«{}»"))
    parts = [note, *([order] if order else [])]
    if dice.random() < 0.2:
        parts.reverse()
    return quote.format(dice.choice((" ", ". ", "\n")).join(parts))
