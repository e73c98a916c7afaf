"""What a worker does with a text: finds its language, and reads names where the model knows it."""

from collections.abc import Callable

from governance.privacy.policy.languages import DECIDED_AMONG, NAMES_READ_IN, is_long_enough, letters_of
from governance.privacy.policy.recognition.ner import Span
from governance.privacy.policy.recognition.ner_model import NamesModel, shipped

_SURE = 0.7
"""How sure it has to be that a text is of a language that the model does not know: it reads what nobody can tell."""

Rank = Callable[[str], list[tuple[str, float]]]
"""Of a text the languages that it may be of, each with how likely."""


class NamesReader:
    """Holds both models. One thread at a time."""

    def __init__(self, model: NamesModel, rank: Rank) -> None:
        self._model = model
        self._rank = rank

    def read(self, text: str, beside: str = "") -> list[Span] | None:
        """The names of a text; None where it is of a language that the model does not know.

        `beside` is what stands before and after a text that is too short to tell its language by itself.
        """
        if self._is_of_another_language(text if is_long_enough(text) else f"{text} {beside}"):
            return None
        return self._model.spans(text)

    def _is_of_another_language(self, text: str) -> bool:
        letters = letters_of(text)
        if not letters:
            return False
        others = sum(likely for language, likely in self._rank(letters) if language not in NAMES_READ_IN)
        return others >= _SURE


def load_reader() -> NamesReader:
    """With the models that come with Gatehouse and with py3langid."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(DECIDED_AMONG)
    return NamesReader(shipped(), identifier.rank)
