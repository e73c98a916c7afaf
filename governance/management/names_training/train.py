"""From folders of labelled texts to the weights that are shipped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from governance.management.names_training.corpora import LabelledText, fetched, shared
from governance.management.names_training.fit import Setup, fit
from governance.management.names_training.made import Maker
from governance.privacy.policy.recognition.ner_model import NamesWeights

SEED = 1
MADE = 5_000
"""Made texts of each language."""
VARIED = 0.5
"""Of how many of the texts with names there is one more with others."""


def texts(data: Path, corpora: Path) -> list[LabelledText]:
    """All that the model learns from. FileNotFoundError where a corpus is missing."""
    real = [*fetched(corpora), *shared(data)]
    maker = Maker(corpora, seed=SEED)
    return [*real, *maker.varied(real, share=VARIED), *maker.texts(MADE)]


def trained(data: Path, corpora: Path, *, epochs: int | None, say: Callable[[str], object]) -> NamesWeights:
    """The weights, after some twenty minutes of one core."""
    setup = Setup() if epochs is None else replace(Setup(), epochs=epochs)
    learned = texts(data, corpora)
    say(f"{len(learned):,} texts; {setup.epochs} times each …")
    return fit(learned, setup, say)
