"""How many names are found, by language and set, beside Presidio in English; which ordinary words are masked; and what it takes."""

import asyncio
import json
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from governance.management.names_training.corpora import is_held_out
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, PolicyDocument, PrivacyRule, combined
from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES
from governance.privacy.policy.ruleset import RuleSet, every_kind
from governance.privacy.services.detector import Detector
from governance.privacy.services.names import NamesPool
from tests.bench import privacy
from tests.bench.personal_data import figures_of, share

SETS = (
    *(f"wikineural_val_{language}" for language in ("de", "fr", "es", "it", "nl", "pt", "en")),
    "germeval_dev_de",
    "wnut17_train_en",
    "btc_tweets_en",
    "presidio_synth_v2",
)
LEARNED = ("wnut17_train_en", "btc_tweets_en", "presidio_synth_v2")
"""The model has learned from these: their figures say little of other texts. Of German news the half that it has not is measured."""
_KINDS = {
    "PERSON": "PERSON", "PER": "PERSON", "LOCATION": "LOCATION", "LOC": "LOCATION", "GPE": "LOCATION", "STREET_ADDRESS": "LOCATION",
    "ZIP_CODE": "LOCATION", "ORGANIZATION": "ORGANIZATION", "ORG": "ORGANIZATION",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")

Span = tuple[int, int, str]
Figures = tuple[float, float, float]
"""Precision, recall, F2."""


@dataclass
class Row:
    """A text with its names, and with what is neither to be found nor to be left."""

    text: str
    names: list[Span]
    either: list[tuple[int, int]]


@dataclass
class Found:
    """Of one set, by kind: ours, Presidio's where it is asked, and the share of ordinary words that the default policy with names masks."""

    name: str
    texts: int
    ours: dict[str, Figures]
    stock: dict[str, Figures]
    masked_words: float


def rows(data: Path, name: str) -> list[Row]:
    """The texts of a set; of German news those that are held out."""
    folder = "pii" if name.startswith("presidio") else "ner"
    made = []
    for line in (data / folder / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if name.startswith("germeval") and not is_held_out(row["text"]):
            continue
        spans = [(each["start"], each["end"], each["label"]) for each in row["spans"]]
        either = [(start, end) for start, end, label in spans if label not in _KINDS]
        either += [(each["start"], each["end"]) for each in row.get("other_spans", ())]
        made.append(
            Row(
                row["text"],
                [(start, end, _KINDS[label]) for start, end, label in spans if label in _KINDS],
                either,
            )
        )
    return made


def measure(data: Path) -> list[Found]:
    """Every set under all rules, and under the default ones with names."""
    pool = NamesPool(workers=1, queue_size=4096, timeout_seconds=60)
    analyzer = privacy.presidio()
    try:
        return [_measured(Detector(pool), rows(data, name), name, analyzer) for name in SETS]
    finally:
        pool.stop()


def _measured(detector: Detector, several: list[Row], name: str, analyzer: Any) -> Found:
    texts = [row.text for row in several]
    everything = asyncio.run(detector.detect(every_kind(names=True), texts)).found
    ours = [
        [(hit.start, hit.end, _KINDS.get(hit.entity, "")) for hit in everything[text].to_model]
        for text in texts
    ]
    stock: list[list[Span]] = []
    if not name.startswith(("wikineural", "germeval")) or name.endswith("_en"):
        stock = [
            [
                (each.start, each.end, _KINDS.get(each.entity_type, ""))
                for each in analyzer.analyze(text, language="en")
            ]
            for text in texts
        ]
    masked = asyncio.run(detector.detect(default_with_names(), texts)).found
    hits = [[(hit.start, hit.end) for hit in masked[text].to_model] for text in texts]
    return Found(
        name,
        len(texts),
        _by_kind(several, ours),
        _by_kind(several, stock) if stock else {},
        _ordinary(several, hits),
    )


def default_with_names() -> RuleSet:
    """What the preset Observe masks, and every kind of name."""
    named = (*OBSERVE.document.rules, *(PrivacyRule(entity=entity) for entity in LANGUAGE_ENTITIES))
    return RuleSet(combined([InForce("bench", 1, PolicyDocument(rules=named, names=True))]))


def _by_kind(several: Sequence[Row], found: Sequence[Sequence[Span]]) -> dict[str, Figures]:
    """A name is found when half of it lies in findings of its kind; a finding is right when half of it lies in names of its kind."""
    result, total = {}, [0, 0, 0, 0]
    for kind in ("PERSON", "LOCATION", "ORGANIZATION"):
        counts = [0, 0, 0, 0]
        for row, spans in zip(several, found, strict=True):
            gold = [(start, end) for start, end, label in row.names if label == kind]
            mine = [(start, end) for start, end, label in spans if label == kind]
            judged = [
                span
                for span in mine
                if not any(span[0] < end and start < span[1] for start, end in row.either)
            ]
            counts[0] += sum(share(*span, gold) >= 0.5 for span in judged)
            counts[1] += len(judged)
            counts[2] += sum(share(*span, mine) >= 0.5 for span in gold)
            counts[3] += len(gold)
        result[kind] = figures_of(*counts)
        total = [one + other for one, other in zip(total, counts, strict=True)]
    result["all"] = figures_of(*total)
    return result


def _ordinary(several: Sequence[Row], hits: Sequence[Sequence[tuple[int, int]]]) -> float:
    """Of the words that are in no name, how many are masked."""
    words = masked = 0
    for row, spans in zip(several, hits, strict=True):
        named = [*((start, end) for start, end, _ in row.names), *row.either]
        for match in _WORD.finditer(row.text):
            if not any(match.start() < end and start < match.end() for start, end in named):
                words += 1
                masked += any(match.start() < end and start < match.end() for start, end in spans)
    return masked / words if words else 0.0


@dataclass
class Times:
    """Milliseconds of a new text of 2,000 characters: every kind with names, the model alone, Presidio."""

    name: str
    ours: float
    stock: float


def times(data: Path, count: int = 40) -> list[Times]:
    """Over stretches of several sentences of each language, put together to 2,000 characters."""
    pool = NamesPool(workers=1, queue_size=64, timeout_seconds=60)
    analyzer = privacy.presidio()
    rules = every_kind(names=True)
    result = []
    try:
        for name in ("wikineural_val_en", "wikineural_val_de", "presidio_synth_v2"):
            texts = _stretches(rows(data, name), count)
            detector = Detector(pool)
            detector.warm_up()
            asyncio.run(detector.detect(rules, [text[::-1] for text in texts[:3]]))
            ours = [_timed(_detect, detector, rules, text) for text in texts]
            stock = [_timed(analyzer.analyze, text, "en") for text in texts[:15]]
            result.append(Times(name, statistics.median(ours), statistics.median(stock)))
    finally:
        pool.stop()
    return result


def _stretches(several: Sequence[Row], count: int) -> list[str]:
    whole = " ".join(row.text for row in several)
    return [whole[at : at + privacy.CHARACTERS] for at in range(0, len(whole), privacy.CHARACTERS)][:count]


def _detect(detector: Detector, rules: RuleSet, text: str) -> None:
    asyncio.run(detector.detect(rules, [text]))


def _timed(work: Callable[..., object], *arguments: Any) -> float:
    begun = perf_counter()
    work(*arguments)
    return (perf_counter() - begun) * 1000


def show(data: Path, printer: Callable[[str], None] = print) -> None:
    """All of it, as tables."""
    printer(
        "\n| set | texts | PERSON P / R / F2 | LOCATION | ORGANIZATION | all | ordinary words masked |\n|---|---|---|---|---|---|---|"
    )
    for each in measure(data):
        note = " (learned from)" if each.name in LEARNED else ""
        printer(f"| {each.name}{note} | {each.texts} | {_cells(each.ours)} | {each.masked_words:.2%} |")
        if each.stock:
            printer(f"| Presidio | | {_cells(each.stock)} | |")
    printer(
        "\n| new text of 2,000 characters | every kind with names, ms | Presidio, ms | ratio |\n|---|---|---|---|"
    )
    for row in times(data):
        printer(f"| {row.name} | {row.ours:.1f} | {row.stock:.1f} | {row.stock / row.ours:.1f} |")


def _cells(figures: dict[str, Figures]) -> str:
    return " | ".join(" / ".join(f"{figure:.3f}" for figure in each) for each in figures.values())


def main() -> None:
    """`python -m tests.bench.names --data FOLDER`."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m tests.bench.names", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder with ner and pii")
    show(parser.parse_args().data)


if __name__ == "__main__":
    main()
