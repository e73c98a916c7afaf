"""The labelled texts: those of the data folder with where they come from, and those made from templates."""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.management.screening_training import disguises, installed, pretexts, tongues
from governance.management.screening_training.texts import TextWriter, lines
from governance.screening.policy import rules

MADE = "made"
"""The group of texts made from templates: always trained on, never counted."""
_UPSTREAM = {"Giskard-AI/prompt-injections": "NVIDIA/garak"}
"""Repositories whose texts come from another one: they are left out together."""
_ASKS = (
    "Summarise this.", "Summarize the text below.", "What is this about?", "Rewrite this.", "Translate this into English.", "Fix the mistakes.",
    "Explain this to me.", "Give me the main points.", "Turn this into a list.", "Can you improve this text?", "Continue this text.",
    "Is this correct?", "Write a story about this.", "Review this, please.", "What does the following mean?",
)  # fmt: skip
_ENDING = "{gibberish:{wants}}"
_ANCHOR = re.compile(r" *\{ ?#[^}\n]*\}")
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
    counted: bool = True
    """Whether figures count it: made texts and collections are only learned from."""


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


def plain(text: str) -> LabelledText:
    """A harmless document that is always learned from."""
    return _made(text, False, rules.DOCUMENT, "document")


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
        _made(text, True, rules.USER, "story") for text in writer.several(lines("stories"), attacks // 5)
    ]
    found += [_made(text, True, rules.USER, "ending") for text in writer.several([_ENDING], attacks // 8)]
    found += [_made(text, False, rules.USER, "tale") for text in writer.several(lines("tales"), attacks // 5)]
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


def in_other_languages(*, seed: int, attacks: int, harmless: int) -> list[LabelledText]:
    """So many of each in each language, as users write them."""
    kinds = "attack in another language", "harmless in another language"
    return _by_language(tongues.attacks(seed, attacks), tongues.harmless(seed + 1, harmless), kinds)


def under_pretexts(*, seed: int, attacks: int, harmless: int) -> list[LabelledText]:
    """So many of each in each language: requests for what is guarded, and harmless ones of the same kinds."""
    kinds = "pretext", "no pretext"
    return _by_language(pretexts.attacks(seed, attacks), pretexts.harmless(seed + 1, harmless), kinds)


def _by_language(
    attacks: Iterable[tuple[str, str]], harmless: Iterable[tuple[str, str]], kinds: tuple[str, str]
) -> list[LabelledText]:
    """Pairs of language and text; what attacks and what is harmless are called in tables."""
    return [
        LabelledText(text, is_attack, rules.USER, MADE, MADE, kind, language, False)
        for is_attack, kind, several in ((True, kinds[0], attacks), (False, kinds[1], harmless))
        for language, text in several
    ]


def pasted(data: Path, pages: Path | None, *, seed: int, count: int) -> list[LabelledText]:
    """Pieces of harmless documents, as users paste them, often with a request before or behind."""
    dice = random.Random(seed)  # noqa: S311
    found = []
    shared = [example.text for example in ordinary_documents(data)]
    for texts, many in (
        (shared, count),
        (installed.readmes(), count // 2),
        *((texts, count // 4) for texts in pages_by_language(pages).values()),
    ):
        for text in (dice.choice(texts) for _ in range(many if texts else 0)):
            piece = _extract(text, dice)
            ask = dice.choice(_ASKS)
            shape = dice.choice((f"{ask}\n\n{piece}", f"{piece}\n\n{ask}", piece))
            found.append(_made(shape, False, rules.USER, "pasted"))
    return found


def pages_by_language(pages: Path | None) -> dict[str, list[str]]:
    """Pages of documentation, each in the folder of its language, such as `de/`."""
    found: dict[str, list[str]] = {}
    if pages is None:
        return found
    for path in sorted(pages.glob("*/docs/**/*.md")):
        text = _ANCHOR.sub("", path.read_text())
        if len(text) > 800:
            found.setdefault(path.relative_to(pages).parts[0], []).append(text)
    return found


def ordinary_documents(data: Path) -> list[LabelledText]:
    """Harmless e-mails, tables, code and documentation that may be learned from."""
    found = []
    for name in ("documents_ordinary_bipia_train", "documents_ordinary_docs"):
        for row in _rows(data / "injection" / f"{name}.jsonl"):
            found.append(
                LabelledText(
                    row["text"], False, rules.DOCUMENT, row["source"] + row["kind"], name, row["kind"]
                )
            )
    return found


def orders_in_documents(data: Path) -> list[LabelledText]:
    """Documents with an order to the model in them; `group` is what the order is about."""
    return [
        LabelledText(row["text"], True, rules.DOCUMENT, row["attack"], "indirect_bipia_train", row["kind"])
        for row in _rows(data / "injection" / "indirect_bipia_train.jsonl")
    ]


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that may be learned from; none where there is no such file."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text().strip().split("\n")]
    return [
        row
        for row in rows
        if row.get("use", "train") in ("train", "both") and "NC" not in row.get("licence", "")
    ]


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
        found.append(_made(order, True, rules.DOCUMENT, "order alone"))
        plain = _extract(dice.choice(harmless), dice)
        role = rules.TOOL if tool else rules.DOCUMENT
        found.append(_made(disguises.as_tool_result(text, dice) if tool else text, True, role, "order"))
        found.append(_made(disguises.as_tool_result(plain, dice) if tool else plain, False, role, "plain"))
    return found


def mails(*, seed: int, count: int) -> list[str]:
    """E-mails, tickets and scraps of documentation that sound like orders and are none."""
    writer = TextWriter(seed)
    templates = lines("mails")
    return [
        "\n".join(
            writer.fill(line).replace("\\n", "\n")
            for line in writer.random.sample(templates, writer.random.choice((1, 2, 3, 5)))
        )
        for _ in range(count)
    ]


def _extract(text: str, dice: random.Random) -> str:
    length = dice.choice(_DOCUMENT_LENGTHS)
    begin = dice.randrange(max(1, len(text) - length))
    return text[begin : begin + length]


def _made(text: str, attack: bool, role: str, kind: str) -> LabelledText:
    return LabelledText(text, attack, role, MADE, MADE, kind, counted=False)


def scraps(texts: list[str], *, seed: int) -> list[str]:
    """Bits of words, for meaningless endings."""
    dice = random.Random(seed)  # noqa: S311
    words = sorted({word for text in texts for word in re.findall(r"[^\W\d_]{3,}", text) if word.isascii()})
    dice.shuffle(words)
    return [word[dice.randint(0, 2) :][: dice.randint(2, 9)] for word in words[:6_000]]
