"""The figures as tables in Markdown."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from governance.management.screening_training.corpus import LabelledText
from governance.management.screening_training.evaluate import LeftOut, auc, is_hard, lines_by
from governance.management.screening_training.train import Material


def report_lines(examples: list[LabelledText], found: LeftOut, material: Material) -> Iterator[str]:
    """Attacks by file and kind, harmless texts by file, then the sums."""
    attack = np.array([example.attack for example in examples]) & found.real
    hard = np.array([is_hard(example) for example in examples]) & found.real
    ordinary = found.real & ~attack & ~hard
    english = attack & np.array([example.language == "English" for example in examples])
    yield "| attacks: file and kind | texts | found |"
    yield "|---|---|---|"
    for line in lines_by(examples, found, attacks=True):
        yield f"| {line.name} | {line.texts} | {line.above:.2f} |"
    yield ""
    yield "| harmless: file | texts | taken for attacks |"
    yield "|---|---|---|"
    for line in lines_by(examples, found, attacks=False):
        if ":" not in line.name:
            yield f"| {line.name} | {line.texts} | {line.above:.3f} |"
    yield ""
    above = found.margins > found.threshold
    all_found, by_file, taken = sums(examples, found)
    yield "| what | figure |"
    yield "|---|---|"
    yield f"| threshold at 1 % of ordinary texts (margin) | {found.threshold:.2f} |"
    yield f"| attacks in English found | {all_found:.3f} of {english.sum()} |"
    yield f"| the same, mean over files | {by_file:.3f} |"
    yield f"| attacks in other languages found | {_share(above, attack & ~english)} of {(attack & ~english).sum()} |"
    yield f"| hard harmless texts taken for attacks | {taken:.3f} of {hard.sum()} |"
    yield f"| AUC, English against ordinary texts | {auc(found.margins[english], found.margins[ordinary]):.3f} |"
    yield f"| AUC, English against hard texts | {auc(found.margins[english], found.margins[hard]):.3f} |"
    yield ""
    yield from material_lines(material)


def material_lines(material: Material) -> Iterator[str]:
    """Documents: orders found by aim and by kind of document, and ordinary ones taken for attacks."""
    sets: dict[str, list[bool]] = {}
    for example, margin in zip(material.examples, material.margins, strict=True):
        what = "orders" if example.attack else "ordinary"
        names = [f"{what}: all", f"{what} in {example.kind}"]
        for name in names + ([f"orders, aim: {example.group}"] if example.attack else []):
            sets.setdefault(name, []).append(bool(margin > material.threshold))
    yield "| documents of aims and projects not learned from | texts | above the threshold |"
    yield "|---|---|---|"
    for name, above in sorted(sets.items()):
        yield f"| {name} | {len(above)} | {np.mean(above):.3f} |"


def sums(examples: list[LabelledText], found: LeftOut) -> tuple[float, float, float]:
    """Shares above the threshold: of attacks in English, the mean of that over files, of hard harmless texts."""
    above = found.margins > found.threshold
    english = [
        at
        for at, example in enumerate(examples)
        if found.real[at] and example.attack and example.language == "English"
    ]
    hard = [
        at
        for at, example in enumerate(examples)
        if found.real[at] and not example.attack and is_hard(example)
    ]
    files = sorted({examples[at].file for at in english})
    by_file = [np.mean([above[at] for at in english if examples[at].file == file]) for file in files]
    return float(np.mean(above[english])), float(np.mean(by_file)), float(np.mean(above[hard]))


def _share(above: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
    return f"{np.mean(above[of]):.3f}" if of.any() else "none"
