"""Disguises that attackers put on a text, and documents that orders are hidden in."""

import json
from random import Random

_ALIKE = str.maketrans("aeopcxyi", "аеорсхуі")
_DIGITS = str.maketrans("oieastb", "0134578")
_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def disguised(text: str, dice: Random) -> str:
    """The text under one disguise."""
    return dice.choice((_zero_width, _alike, _digits, _spaced, _wide, _split, _accents, _typos))(text, dice)


def _zero_width(text: str, dice: Random) -> str:
    return "".join(letter + ("\u200b" if dice.random() < 0.3 else "") for letter in text)


def _alike(text: str, dice: Random) -> str:
    return "".join(letter.translate(_ALIKE) if dice.random() < 0.5 else letter for letter in text)


def _digits(text: str, dice: Random) -> str:
    return " ".join(word.translate(_DIGITS) if dice.random() < 0.7 else word for word in text.split(" "))


def _spaced(text: str, dice: Random) -> str:
    return "  ".join(" ".join(word) for word in text.split(" "))


def _wide(text: str, dice: Random) -> str:
    return text.translate(_FULL)


def _split(text: str, dice: Random) -> str:
    joint = dice.choice((" ", "-", "\n", "."))
    return " ".join(
        word[: len(word) // 2] + joint + word[len(word) // 2 :] if len(word) > 4 else word
        for word in text.split(" ")
    )


def _accents(text: str, dice: Random) -> str:
    return "".join(
        letter + (dice.choice("\u0301\u0308\u0302") if letter.isalpha() and dice.random() < 0.3 else "")
        for letter in text
    )


def _typos(text: str, dice: Random) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 15)):
        at = dice.randrange(len(letters))
        letters[at] = dice.choice(("", letters[at] * 2, dice.choice("aeiou")))
    return "".join(letters)


def within(document: str, order: str, dice: Random) -> str:
    """A document with an order somewhere in it."""
    parts = document.split("\n") if "\n" in document else document.split(". ")
    joint = "\n" if "\n" in document else ". "
    at = dice.choice((0, len(parts), dice.randint(0, len(parts)), len(parts)))
    return joint.join([*parts[:at], order, *parts[at:]])


def as_tool_result(text: str, dice: Random) -> str:
    """A text as a tool may return it."""
    name = dice.choice(
        ("content", "description", "body", "text", "note", "review", "subject", "summary", "title")
    )
    record = {
        "id": dice.randrange(10_000),
        dice.choice(("status", "type", "author", "category")): dice.choice(
            ("ok", "open", "user", "mail", "public")
        ),
        name: text,
        "date": f"2024-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}",
    }
    shape = dice.random()
    if shape < 0.4:
        return json.dumps(record, ensure_ascii=dice.random() < 0.5)
    if shape < 0.6:
        return json.dumps([record, {**record, name: "Nothing new."}], indent=2)
    if shape < 0.8:
        return "\n".join(f"{key}: {value}" for key, value in record.items())
    return f"Result of the call:\n{text}\n\nDone."
