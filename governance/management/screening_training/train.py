"""From a folder of labelled texts to the models that are shipped, and the figures of how good they are on other sources."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from governance.management.screening_training import corpus, installed
from governance.management.screening_training import fit as fitting
from governance.management.screening_training.corpus import LabelledText
from governance.management.screening_training.evaluate import LeftOut, calibrated, leave_out, threshold_of
from governance.management.screening_training.features import rows
from governance.management.screening_training.fit import Setup, fit, text_margins
from governance.management.screening_training.texts import lines
from governance.screening.policy.classifier import ModelWeights

SEED = 1
MADE_ATTACKS = 5_000
MADE_HARMLESS = 1_200
INSTALLED = 900
MATERIAL = 2_500
LONG = 5_000
"""Characters from which a document is tried as a whole too."""


@dataclass(frozen=True)
class Material:
    """Orders of templates not trained on, in documents of repositories not trained on: what was found of them."""

    texts: int
    recall: float
    threshold: float
    long_texts: int
    long_above: float


def user_examples(data: Path) -> list[LabelledText]:
    """All that the model of what users write learns from."""
    real = corpus.examples(data)
    harmless = [example.text for example in real if not example.attack]
    return [
        *real,
        *corpus.made_for_users(
            seed=SEED, attacks=MADE_ATTACKS, harmless=MADE_HARMLESS, scraps=corpus.scraps(harmless, seed=SEED)
        ),
        *corpus.harmless_installed(seed=SEED + 1, count=INSTALLED),
    ]


def user_figures(examples: list[LabelledText], setup: Setup) -> LeftOut:
    """Every real text scored by a model that has seen nothing of its repository."""
    return leave_out(examples, rows(examples), setup)


def user_model(examples: list[LabelledText], found: LeftOut, setup: Setup) -> ModelWeights:
    """Learned from all, with the threshold that leaving out gave."""
    return calibrated(
        fit(examples, rows(examples), np.ones(len(examples), dtype=np.bool_), setup), found.threshold
    )


def material_figures(data: Path, setup: Setup = fitting.MATERIAL) -> Material:
    """Half of the templates and the documents of half of the repositories to learn from, the others to try on."""
    templates = lines("injections")
    learned = _material(data, templates[::2], odd=False, seed=SEED)
    tried = _material(data, templates[1::2], odd=True, seed=SEED + 5)
    examples = learned + tried
    table = rows(examples)
    weights = fit(examples, table, np.arange(len(examples)) < len(learned), setup)
    margins = text_margins(table, weights, len(examples))[len(learned) :]
    attacks = np.array([example.attack for example in tried])
    long = np.array([example.file == "long_documents" for example in tried])
    threshold = threshold_of(margins[~attacks & ~long])
    return Material(
        texts=int(attacks.sum()),
        recall=float(np.mean(margins[attacks] > threshold)),
        threshold=threshold,
        long_texts=int(long.sum()),
        long_above=float(np.mean(margins[long] > threshold)),
    )


def material_model(data: Path, found: Material, setup: Setup = fitting.MATERIAL) -> ModelWeights:
    """Learned from all documents and templates."""
    examples = _material(data, lines("injections"), odd=None, seed=SEED)
    weights = fit(examples, rows(examples), np.ones(len(examples), dtype=np.bool_), setup)
    return calibrated(weights, found.threshold)


def _material(data: Path, templates: list[str], *, odd: bool | None, seed: int) -> list[LabelledText]:
    documents = corpus.documents(data)
    documents += [example for example in corpus.examples(data) if example.file == "technical_docs_benign"]
    groups = sorted({example.group for example in documents})
    kept = set(groups if odd is None else groups[int(odd) :: 2])
    harmless = [example.text for example in documents if example.group in kept]
    if not odd:
        readmes = installed.readmes()
        harmless += readmes
        documents += [corpus.plain(text) for text in readmes]
        kept.add(corpus.MADE)
    attacks = [
        example.text
        for number, example in enumerate(corpus.examples(data))
        if example.attack and len(example.text) < 400 and (odd is None or number % 2 == odd)
    ]
    made = corpus.made_for_material(harmless, seed=seed, count=MATERIAL, attacks=attacks, templates=templates)
    return made + [example for example in documents if example.group in kept and len(example.text) > LONG]
