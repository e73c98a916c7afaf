"""What the guards of the semantic cache serve, and how often wrongly: `python -m tests.bench.semantic --data ../shared/data`.

On pairs made by code (`question_pairs.py`), and on labelled pairs of others where `--data` has them. `--write` writes what the
generated pairs counted to `gateway/cache/policy/study.py`, with which every route begins.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Any

from gateway.cache.policy import study
from gateway.cache.policy.bound import interval
from gateway.cache.policy.guards import is_fit, read, veto
from gateway.cache.policy.questions import Question
from kernel.text_vectors import text_array, warm_up
from tests.bench.question_pairs import SEED, Pair, pairs

CLOSE = 0.6
"""From which overlap of words on two questions are called close."""
DEFAULT = 0.92
CANDIDATES = 5
_STUDY = '''"""PURE: what the study of generated pairs counted. Written by `python -m tests.bench.semantic --write`; never by hand."""

SERVED = {served}
WRONG = {wrong}
'''


@dataclass(frozen=True)
class Judged:
    """A pair, the guard against it, and how near its two questions are: as guards compare them, and as they were written."""

    pair: Pair
    guard: str
    core: float
    plain: float
    is_fit: bool
    overlap: float


WAYS: dict[str, Callable[[Judged], bool]] = {
    "guards, cosine ≥ 0.92": lambda one: one.is_fit and not one.guard and one.core >= DEFAULT,
    "guards, ≥ 0.90": lambda one: one.is_fit and not one.guard and one.core >= 0.90,
    "guards, ≥ 0.85": lambda one: one.is_fit and not one.guard and one.core >= 0.85,
    "guards, ≥ 0.92 of the texts as written": lambda one: (
        one.is_fit and not one.guard and one.plain >= DEFAULT
    ),
    "cosine ≥ 0.92 alone": lambda one: one.plain >= DEFAULT,
}


@lru_cache(maxsize=50_000)
def _read(text: str) -> Question:
    return read(text)


@lru_cache(maxsize=50_000)
def _vector(text: str) -> Any:
    return text_array(text)


def _cosine(one: str, other: str) -> float:
    mine, theirs = _vector(one), _vector(other)
    return float(mine @ theirs) if mine is not None and theirs is not None else 0.0


def judged(pair: Pair) -> Judged:
    mine, theirs = _read(pair.a), _read(pair.b)
    words, others = set(pair.a.casefold().split()), set(pair.b.casefold().split())
    return Judged(
        pair, veto(mine, theirs), _cosine(mine.core, theirs.core), _cosine(pair.a, pair.b), is_fit(pair.a) and is_fit(pair.b),
        len(words & others) / len(words | others),
    )  # fmt: skip


def count(found: Iterable[Judged]) -> tuple[int, int]:
    """How many of the generated pairs the default way serves, and how many of these wrongly."""
    served = [one for one in found if WAYS["guards, cosine ≥ 0.92"](one)]
    return len(served), sum(not one.pair.same for one in served)


def labelled(data: Path) -> list[Pair]:
    """Pairs of others, with their labels."""
    lines = [line for file in sorted((data / "paraphrase").glob("*.jsonl")) for line in file.open()]
    return [Pair(row["a"], row["b"], bool(row["same"]), row["kind"]) for row in map(json.loads, lines)]


def show(found: Sequence[Judged], *, title: str) -> None:
    print(
        f"\n{title}: false hits\n\n| kind | pairs | "
        + " | ".join(WAYS)
        + " |\n|---|---|"
        + "---|" * len(WAYS)
    )
    different = [one for one in found if not one.pair.same]
    for kind in sorted({one.pair.kind for one in different}):
        _row(kind, [one for one in different if one.pair.kind == kind], with_interval=True)
    _row("all", different, with_interval=True)
    _row("all of which are close", [one for one in different if one.overlap >= CLOSE], with_interval=True)
    print(
        f"\n{title}: hits\n\n| paraphrase | pairs | "
        + " | ".join(WAYS)
        + " |\n|---|---|"
        + "---|" * len(WAYS)
    )
    same = [one for one in found if one.pair.same]
    for kind in sorted({one.pair.kind for one in same}):
        _row(kind, [one for one in same if one.pair.kind == kind])
    _row("all", same)
    _row("all of which are close", [one for one in same if one.overlap >= CLOSE])
    _row("all that may be judged", [one for one in same if one.is_fit])


def _row(name: str, rows: Sequence[Judged], *, with_interval: bool = False) -> None:
    cells = []
    for serves in WAYS.values():
        hits = sum(map(serves, rows))
        share = f"{hits} ({hits / len(rows):.1%}" if rows else "0 ("
        if with_interval and rows:
            low, high = interval(hits, len(rows))
            share += f"; {low:.1%} to {high:.1%}"
        cells.append(share + ")")
    print(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")


def times(texts: Sequence[str]) -> None:
    """CPU of a look-up in the gateway: the question read, its vector, and guards against five candidates."""
    warm_up()
    candidates = [read(text) for text in texts[:CANDIDATES]]
    parts: dict[str, list[float]] = {"read": [], "vector": [], "five vetoes": [], "together": []}
    for text in texts:
        begun = process_time()
        question = read(text)
        is_read = process_time()
        text_array(question.core)
        is_vector = process_time()
        for _ in range(CANDIDATES):
            veto(question, question)
        for candidate in candidates:
            veto(question, candidate)
        ended = process_time()
        for name, taken in zip(
            parts, (is_read - begun, is_vector - is_read, ended - is_vector, ended - begun), strict=True
        ):
            parts[name].append(1e3 * taken)
    print("\n| CPU of a question, ms | mean | p50 | p99 |\n|---|---|---|---|")
    for name, taken_each in parts.items():
        print(
            f"| {name} | {sum(taken_each) / len(taken_each):.3f} | {median(taken_each):.3f} | {quantiles(taken_each, n=100)[-1]:.3f} |"
        )


def run(data: Path | None, *, seed: int = SEED, with_texts: bool = False) -> tuple[int, int]:
    """Prints all tables. Gives what was counted of the generated pairs."""
    found = [judged(pair) for pair in pairs(seed=seed)]
    show(found, title="Generated pairs")
    served, wrong = count(found)
    print(
        f"\nThe study: {served} served, {wrong} wrong; 95 %: {interval(wrong, served)[0]:.2%} to {interval(wrong, served)[1]:.2%}"
    )
    for one in found:
        if not one.pair.same and WAYS["guards, ≥ 0.85"](one):
            print(f"  wrong ({one.pair.kind}): {one.pair.a} | {one.pair.b}")
    times([one.pair.b for one in found])
    if data is None:
        print("Labelled pairs are skipped: give --data FOLDER.")
    else:
        theirs = [judged(pair) for pair in labelled(data)]
        show(theirs, title="Labelled pairs")
        for one in theirs:
            if with_texts and WAYS["guards, ≥ 0.85"](one):
                print(f"  {'hit' if one.pair.same else 'FALSE'}: {one.pair.a} | {one.pair.b}")
    return served, wrong


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.semantic", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        help="a folder with paraphrase/*.jsonl, of rows with a, b, same and kind; skipped without",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the generated pairs (default %(default)s)")
    parser.add_argument("--texts", action="store_true", help="print the labelled pairs that are served")
    parser.add_argument(
        "--write", action="store_true", help="write what was counted where routes begin with it"
    )
    arguments = parser.parse_args()
    if arguments.write and arguments.seed != SEED:
        parser.error(f"the study is written of seed {SEED} alone")
    served, wrong = run(arguments.data, seed=arguments.seed, with_texts=arguments.texts)
    if arguments.write:
        Path(study.__file__).write_text(_STUDY.format(served=served, wrong=wrong))


if __name__ == "__main__":
    main()
