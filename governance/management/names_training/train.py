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
REFRESHING = Setup(epochs=1, rate=0.001)
VARIED = 0.5
"""Of how many of the texts with names there is one more with others."""


def texts(data: Path, corpora: Path) -> list[LabelledText]:
    """All that the model learns from. FileNotFoundError where a corpus is missing."""
    real = [*fetched(corpora), *shared(data)]
    maker = Maker(corpora, seed=SEED)
    return [*real, *maker.varied(real, share=VARIED), *maker.texts(MADE)]


def refreshed(
    weights: NamesWeights, data: Path, corpora: Path, *, say: Callable[[str], object]
) -> NamesWeights:
    """Weights that have learned once more, in small steps, from a part of the texts: enough to take in what is new among them."""
    learned = [each for number, each in enumerate(texts(data, corpora)) if _is_for_refreshing(each, number)]
    say(f"{len(learned):,} texts, once …")
    return fit(learned, REFRESHING, say, start=weights)


def _is_for_refreshing(labelled: LabelledText, number: int) -> bool:
    return labelled.source in ("documentation", "germeval_dev_de") or number % 4 == 0


def trained(data: Path, corpora: Path, *, epochs: int | None, say: Callable[[str], object]) -> NamesWeights:
    """The weights, after some ten minutes of one core."""
    setup = Setup() if epochs is None else replace(Setup(), epochs=epochs)
    learned = texts(data, corpora)
    say(f"{len(learned):,} texts; {setup.epochs} times each …")
    return fit(learned, setup, say)
