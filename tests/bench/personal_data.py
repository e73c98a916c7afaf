"""How much personal data is found, by entity and language, beside Presidio as it comes; and how much is hidden that is nobody's."""

import asyncio
import json
import re
import runpy
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.privacy.policy.detection import TextHits
from governance.privacy.policy.presets import OBSERVE, PROTECT
from governance.privacy.policy.privacy import InForce, PolicyDocument, combined
from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES
from governance.privacy.policy.ruleset import RuleSet, every_kind
from governance.privacy.services.detector import Detector
from governance.privacy.services.names import NamesPool

Span = tuple[int, int, str]
Figures = tuple[float, float, float]
"""Precision, recall, F2."""
_KINDS = {
    "STREET_ADDRESS": "PLACE", "GPE": "PLACE", "ZIP_CODE": "PLACE", "LOCATION": "PLACE", "LOC": "PLACE", "DOMAIN_NAME": "URL", "PER": "PERSON", "ORG": "ORGANIZATION",
    "UK_DRIVING_LICENCE": "US_DRIVER_LICENSE",
}  # fmt: skip
_SETS = ("pii/presidio_synth_v2.jsonl", "ner/*.jsonl")
_AT_ONCE = 12_000
"""Characters that are looked through together: names of more than that are given up on after a while, as in a call."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Labelled:
    """One set of texts with labelled spans."""

    name: str
    rows: Sequence[dict[str, Any]]

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows]


@dataclass(frozen=True)
class Row:
    """Of one label in one set: how many there are, how much is found as its kind, and hidden as any, by Gatehouse and by Presidio."""

    data: str
    label: str
    count: int
    ours: Figures
    stock: Figures
    hidden: float
    hidden_by_stock: float


def labelled_sets(data: Path) -> Iterator[Labelled]:
    """Each file of labelled texts."""
    for pattern in _SETS:
        for path in sorted(data.glob(pattern)):
            yield Labelled(path.stem, [json.loads(line) for line in path.open(encoding="utf-8")])


def rows_of(
    labelled: Labelled, ours: Sequence[Sequence[Span]], stock: Sequence[Sequence[Span]]
) -> Iterator[Row]:
    """A span is found when half of it is covered by findings of its kind; a finding is right when half of it lies in spans of its
    kind. Streets, towns and postal codes are one kind: places."""
    mine, beside = _scores(labelled.rows, ours), _scores(labelled.rows, stock)
    for label, (count, figures, hidden) in mine.items():
        yield Row(labelled.name, label, count, figures, beside[label][1], hidden, beside[label][2])


def ordinary_words_hidden(labelled: Labelled, found: Sequence[Sequence[Span]]) -> float:
    """The share of words outside labelled spans that are hidden as a name."""
    words = hidden = 0
    for row, spans in zip(labelled.rows, found, strict=True):
        taken = bytearray(len(row["text"]))
        for each in (*row["spans"], *row.get("other_spans", ())):
            taken[each["start"] : each["end"]] = b"\x01" * (each["end"] - each["start"])
        names = [(start, end) for start, end, kind in spans if kind in LANGUAGE_ENTITIES]
        for word in _WORD.finditer(row["text"]):
            if not any(taken[word.start() : word.end()]):
                words += 1
                hidden += any(start < word.end() and word.start() < end for start, end in names)
    return hidden / words if words else 0.0


def changed(texts: Sequence[str], found: Sequence[Sequence[Span]]) -> Iterator[str]:
    """What is hidden in each text in which anything is."""
    for text, spans in zip(texts, found, strict=True):
        if spans:
            yield ", ".join(dict.fromkeys(f"{kind} “{text[start:end]}”" for start, end, kind in spans))


def prompts_of(data: Path) -> list[str]:
    """What people ask, and documents that they send along."""
    return [
        json.loads(line)["text"]
        for path in sorted((data / "prompts").glob("*.jsonl"))
        for line in path.open(encoding="utf-8")
    ]


def cases_of(data: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Texts that must stay as they are, and such with a `value` that must not."""
    folder = str(data / "files")
    sys.path.insert(0, folder)
    try:
        cases = runpy.run_path(str(data / "files" / "cases.py"))
    finally:
        sys.path.remove(folder)
    return [case["text"] for case in cases["TEXTS"]], list(cases["MASKED"])


class _Reader:
    """Looks through texts under some rules, names included."""

    def __init__(self) -> None:
        self._pool = NamesPool(workers=1, queue_size=8192, timeout_seconds=60)
        self._detector = Detector(self._pool)

    def found(self, rules: RuleSet, texts: Sequence[str]) -> list[list[Span]]:
        known: dict[str, TextHits] = {}
        for several in _lots(dict.fromkeys(texts)):
            detected = asyncio.run(self._detector.detect(rules, several))
            if not detected.names_read:
                raise RuntimeError("Names could not be read in time: the machine is too busy to measure.")
            known.update(detected.found)
        return [[(hit.start, hit.end, hit.entity) for hit in known[text].to_model] for text in texts]

    def stop(self) -> None:
        self._pool.stop()


def _lots(texts: Iterable[str]) -> Iterator[list[str]]:
    lot: list[str] = []
    for text in texts:
        if lot and sum(map(len, lot)) + len(text) > _AT_ONCE:
            yield lot
            lot = []
        lot.append(text)
    yield lot


def show(data: Path, analyzer: Any, printer: Callable[[str], None] = print) -> None:
    """All of it, as tables."""
    reader = _Reader()
    try:
        _show_accuracy(data, analyzer, reader, printer)
        _show_ordinary(data, reader, printer)
    finally:
        reader.stop()


def _show_accuracy(data: Path, analyzer: Any, reader: _Reader, printer: Callable[[str], None]) -> None:
    printer(
        "\n| set | label | spans | precision | recall | F2 | hidden | Presidio: precision | recall | F2 | hidden | |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    ordinary = []
    for labelled in labelled_sets(data):
        ours = reader.found(every_kind(names=True), labelled.texts)
        stock = [
            [(each.start, each.end, each.entity_type) for each in analyzer.analyze(text, language="en")]
            for text in labelled.texts
        ]
        for row in rows_of(labelled, ours, stock):
            figures = " | ".join(
                f"{figure:.3f}" for figure in (*row.ours, row.hidden, *row.stock, row.hidden_by_stock)
            )
            behind = "behind" if row.ours[2] < row.stock[2] else ""
            printer(f"| {row.data} | {row.label} | {row.count} | {figures} | {behind} |")
        ordinary.append(
            (labelled.name, ordinary_words_hidden(labelled, ours), ordinary_words_hidden(labelled, stock))
        )
    printer("\n| set | ordinary words hidden as names | by Presidio |\n|---|---|---|")
    for name, mine, beside in ordinary:
        printer(f"| {name} | {mine:.2%} | {beside:.2%} |")


def _show_ordinary(data: Path, reader: _Reader, printer: Callable[[str], None]) -> None:
    kept, hidden = cases_of(data)
    prompts = prompts_of(data)
    for preset in (OBSERVE, PROTECT):
        rules = _rules(preset.document)
        wrong = list(changed(kept, reader.found(rules, kept)))
        missed = [
            case["text"]
            for case, spans in zip(
                hidden, reader.found(rules, [case["text"] for case in hidden]), strict=True
            )
            if not any(case["value"] in case["text"][start:end] for start, end, _ in spans)
        ]
        printer(
            f"\n{preset.title}: of {len(kept)} texts that must stay {len(wrong)} changed; of {len(hidden)} values {len(missed)} missed."
        )
        for each in (*wrong, *missed):
            printer(f"- {each}")
        found = reader.found(rules, prompts)
        printer(
            f"{preset.title}: of {len(prompts)} prompts and documents {sum(map(bool, found))} changed, to be read:"
        )
        for each in changed(prompts, found):
            printer(f"- {each[:400]}")


def _rules(document: PolicyDocument) -> RuleSet:
    return RuleSet(combined([InForce("bench", 1, document)]))


def _scores(
    rows: Sequence[dict[str, Any]], found: Sequence[Sequence[Span]]
) -> dict[str, tuple[int, Figures, float]]:
    count, hit, covered = Counter[str](), Counter[str](), Counter[str]()
    right, made = Counter[str](), Counter[str]()
    for row, spans in zip(rows, found, strict=True):
        gold = [(each["start"], each["end"], each["label"]) for each in row["spans"]]
        others = [(each["start"], each["end"]) for each in row.get("other_spans", ())]
        by_kind, gold_by_kind = _by_kind(spans), _by_kind(gold)
        everything = [(start, end) for start, end, _ in spans]
        for start, end, label in gold:
            count[label] += 1
            hit[label] += share(start, end, by_kind[_kind(label)]) >= 0.5
            covered[label] += share(start, end, everything) >= 0.5
        for kind, several in by_kind.items():
            counted = [span for span in several if share(*span, others) < 0.5]
            made[kind] += len(counted)
            right[kind] += sum(share(start, end, gold_by_kind[kind]) >= 0.5 for start, end in counted)
    kinds = {_kind(label) for label in count}
    result = {
        label: (
            number,
            figures_of(right[_kind(label)], made[_kind(label)], hit[label], number),
            covered[label] / number,
        )
        for label, number in count.most_common()
    }
    whole = count.total()
    result["all"] = (
        whole,
        figures_of(sum(right[kind] for kind in kinds), sum(made[kind] for kind in kinds), hit.total(), whole),
        covered.total() / whole if whole else 0.0,
    )
    return result


def _kind(label: str) -> str:
    return _KINDS.get(label, label)


def _by_kind(spans: Iterable[Span]) -> defaultdict[str, list[tuple[int, int]]]:
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for start, end, label in spans:
        found[_kind(label)].append((start, end))
    return found


def share(start: int, end: int, spans: Iterable[tuple[int, int]]) -> float:
    covered = set[int]()
    for begin, finish in spans:
        covered.update(range(max(start, begin), min(end, finish)))
    return len(covered) / (end - start) if end > start else 0.0


def figures_of(right: int, made: int, hit: int, count: int) -> Figures:
    precision, recall = right / made if made else 0.0, hit / count if count else 0.0
    f2 = 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0
    return precision, recall, f2
