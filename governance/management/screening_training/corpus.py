"""The labelled texts: those of the data folder with where they come from, and those made from templates."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

from governance.management.screening_training import disguises, installed
from governance.management.screening_training.texts import TextWriter, lines
from governance.screening.policy import rules

MADE = "made"
"""The group of texts made from templates: always trained on, never counted."""
_UPSTREAM = {"Giskard-AI/prompt-injections": "NVIDIA/garak"}
"""Repositories whose texts come from another one: they are left out together."""
_DOCUMENT_LENGTHS = (200, 600, 1500, 4000)


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with its label; `group` is left out as one, `file` and `kind` are what figures are given by."""

    text: str
    attack: bool
    role: str
    group: str
    file: str
    kind: str
    language: str = "English"


def examples(data: Path) -> list[LabelledText]:
    """What users wrote, attacks and others, by repository."""
    found = []
    for line in (data / "injection" / "dev.jsonl").read_text().strip().split("\n"):
        row = json.loads(line)
        repository = row["source"].partition("@")[0]
        found.append(
            LabelledText(
                text=row["text"],
                attack=bool(row["label"]),
                role=rules.USER,
                group=_UPSTREAM.get(repository, repository),
                file=row["file"],
                kind=row["kind"],
                language=row.get("lang", "English"),
            )
        )
    return found


def documents(data: Path) -> list[LabelledText]:
    """Harmless documents: pages of documentation, articles, statements."""
    found = []
    for line in (data / "prompts" / "long_documents.jsonl").read_text().strip().split("\n"):
        row = json.loads(line)
        found.append(_harmless(row["text"], row["source"], "long_documents"))
    for line in (data / "paraphrase" / "dev.jsonl").read_text().strip().split("\n"):
        row = json.loads(line)
        found += [_harmless(row[side], row["source"] + row["kind"], "statements") for side in ("a", "b")]
    return found


def plain(text: str) -> LabelledText:
    """A harmless document that is always learned from."""
    return _made(text, False, rules.DOCUMENT, "document")


def _harmless(text: str, source: str, file: str) -> LabelledText:
    return LabelledText(text, False, rules.DOCUMENT, source.partition("@")[0], file, file)


def made_for_users(*, seed: int, attacks: int, harmless: int, scraps: list[str]) -> list[LabelledText]:
    """Attacks and harmless texts from templates, as users write them; a part of the attacks disguised or embedded."""
    writer = TextWriter(seed, scraps or ["ing"])
    dice = random.Random(seed)  # noqa: S311
    quiet = [writer.fill(template) for template in lines("benign")]
    found = []
    for text in writer.several(lines("attacks"), attacks):
        throw = dice.random()
        if throw < 0.12:
            text = disguises.disguised(text, dice)
        elif throw < 0.22:
            text = f"{dice.choice(quiet)} {text}"
        found.append(_made(text, True, rules.USER, "attack"))
    persona = lines("persona")
    found += [_made(writer.persona(persona), True, rules.USER, "persona") for _ in range(attacks // 12)]
    found += [
        _made(text, False, rules.USER, "harmless") for text in writer.several(lines("benign"), harmless)
    ]
    return found


def harmless_installed(*, seed: int, count: int) -> list[LabelledText]:
    """Code, prose and messages in many languages, as users paste them."""
    dice = random.Random(seed)  # noqa: S311
    found = [("code", text) for text in installed.code(dice, count)]
    found += [("prose", text) for text in installed.prose(dice, count // 2)]
    found += [("messages", text) for text in installed.messages(dice, count * 2)]
    return [_made(text, False, rules.USER, kind) for kind, text in found]


def made_for_material(
    harmless: list[str], *, seed: int, count: int, attacks: list[str], templates: list[str]
) -> list[LabelledText]:
    """Documents and tool results, half of them with an order to the model in them."""
    writer = TextWriter(seed)
    dice = random.Random(seed)  # noqa: S311
    deeds = lines("dos")
    orders = [
        template.replace("{do}", deed)
        for template in templates
        for deed in (dice.sample(deeds, 8) if "{do}" in template else [template])
    ]
    found = []
    for order in writer.several(orders, count):
        if attacks and dice.random() < 0.2:
            order = dice.choice(attacks)[:1_500]
        if dice.random() < 0.06:
            order = disguises.disguised(order, dice)
        tool = dice.random() < 0.4
        text = (
            disguises.within(_extract(dice.choice(harmless), dice), order, dice)
            if dice.random() < 0.85
            else order
        )
        plain = _extract(dice.choice(harmless), dice)
        role = rules.TOOL if tool else rules.DOCUMENT
        found.append(_made(disguises.as_tool_result(text, dice) if tool else text, True, role, "order"))
        found.append(_made(disguises.as_tool_result(plain, dice) if tool else plain, False, role, "plain"))
    return found


def _extract(text: str, dice: random.Random) -> str:
    length = dice.choice(_DOCUMENT_LENGTHS)
    begin = dice.randrange(max(1, len(text) - length))
    return text[begin : begin + length]


def _made(text: str, attack: bool, role: str, kind: str) -> LabelledText:
    return LabelledText(text, attack, role, MADE, MADE, kind)


def scraps(texts: list[str], *, seed: int) -> list[str]:
    """Bits of words, for meaningless endings."""
    dice = random.Random(seed)  # noqa: S311
    words = sorted({word for text in texts for word in re.findall(r"[^\W\d_]{3,}", text) if word.isascii()})
    dice.shuffle(words)
    return [word[dice.randint(0, 2) :][: dice.randint(2, 9)] for word in words[:6_000]]
