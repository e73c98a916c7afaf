"""From a folder of labelled texts to the models that are shipped, and the figures of how good they are on other sources."""

import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from governance.management.screening_training import collected, corpus, installed, tongues
from governance.management.screening_training import fit as fitting
from governance.management.screening_training.corpus import LabelledText
from governance.management.screening_training.evaluate import (
    FLAGGED_DOCUMENTS,
    LeftOut,
    calibrated,
    threshold_of,
)
from governance.management.screening_training.features import Rows, rows
from governance.management.screening_training.fit import Setup, fit, text_margins
from governance.management.screening_training.texts import lines
from governance.screening.policy.classifier import ModelWeights

SEED = 1
MADE_ATTACKS = 5_000
MADE_HARMLESS = 2_000
INSTALLED = 900
PASTED = 500
TONGUE_ATTACKS = 200
TONGUE_HARMLESS = 110
PRETEXT_ATTACKS = 300
PRETEXT_HARMLESS = 200
MATERIAL = 2_500
MATERIAL_FOLDS = 3
MAILS = 700


@dataclass(frozen=True)
class Material:
    """Documents scored by a model that has seen neither their orders' aim nor their project: margins in the order of `examples`.

    `learned` and `table` are what the model that is shipped learns from.
    """

    examples: list[LabelledText]
    margins: NDArray[np.float64]
    threshold: float
    flag_from: float
    learned: list[LabelledText]
    table: Rows


def user_examples(data: Path, pages: Path | None = None, more: Path | None = None) -> list[LabelledText]:
    """All that the model of what users write learns from."""
    real = corpus.examples(data)
    harmless = [example.text for example in real if not example.attack]
    return [
        *real,
        *corpus.made_for_users(
            seed=SEED, attacks=MADE_ATTACKS, harmless=MADE_HARMLESS, scraps=corpus.scraps(harmless, seed=SEED)
        ),
        *corpus.harmless_installed(seed=SEED + 1, count=INSTALLED),
        *corpus.pasted(data, pages, seed=SEED + 3, count=PASTED),
        *corpus.in_other_languages(seed=SEED + 2, attacks=TONGUE_ATTACKS, harmless=TONGUE_HARMLESS),
        *corpus.under_pretexts(seed=SEED + 4, attacks=PRETEXT_ATTACKS, harmless=PRETEXT_HARMLESS),
        *(collected.texts(more, seed=SEED + 5) if more else []),
    ]


def user_model(examples: list[LabelledText], table: Rows, found: LeftOut, setup: Setup) -> ModelWeights:
    """Learned from all, with the threshold that leaving out gave."""
    return calibrated(fit(examples, table, np.ones(len(examples), dtype=np.bool_), setup), found.flag_from)


def material_figures(data: Path, pages: Path | None = None, setup: Setup = fitting.MATERIAL) -> Material:
    """Every real document, with an order in it or not, scored by a model that learned from other aims and projects."""
    real = corpus.orders_in_documents(data) + corpus.ordinary_documents(data)
    made = made_material(data, pages)
    examples = real + made
    table = rows(examples)
    fold = np.array([_fold(example, number) for number, example in enumerate(real)] + [-1] * len(made))
    margins = np.full(len(examples), -np.inf)
    for held in range(MATERIAL_FOLDS):
        weights = fit(examples, table, fold != held, setup)
        margins[fold == held] = text_margins(table, weights, len(examples))[fold == held]
    found = margins[: len(real)]
    harmless = np.array([not example.attack for example in real])
    ordinary = found[harmless]
    return Material(
        real, found, threshold_of(ordinary), threshold_of(ordinary, share=FLAGGED_DOCUMENTS), examples, table
    )


def _fold(example: LabelledText, number: int) -> int:
    """Aims of orders and projects are left out as one; the ordinary documents of one large collection are dealt."""
    name = example.group if example.attack or example.file.endswith("_docs") else str(number)
    return zlib.crc32(name.encode()) % MATERIAL_FOLDS


def material_model(found: Material, setup: Setup = fitting.MATERIAL) -> ModelWeights:
    """Learned from all documents and templates."""
    every = np.ones(len(found.learned), dtype=np.bool_)
    return calibrated(fit(found.learned, found.table, every, setup), found.flag_from)


def made_material(data: Path, pages: Path | None) -> list[LabelledText]:
    """Documents made from harmless ones that are always learned from, half of them with an order in them."""
    users = corpus.examples(data)
    harmless = [example.text for example in users if example.file == "technical_docs_benign"]
    harmless += installed.readmes() + list(installed.prose(random.Random(SEED), INSTALLED))  # noqa: S311
    harmless += [text for texts in corpus.pages_by_language(pages).values() for text in texts[::6]]
    harmless += corpus.mails(seed=SEED, count=MAILS)
    attacks = [example.text for example in users if example.attack and len(example.text) < 400]
    attacks += [text for _, text in tongues.attacks(SEED + 7, 12)]
    made = corpus.made_for_material(
        harmless, seed=SEED, count=MATERIAL, attacks=attacks, templates=lines("injections")
    )
    return made + [corpus.plain(text) for text in harmless]
