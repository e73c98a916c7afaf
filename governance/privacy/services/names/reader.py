"""What a worker does with a text: finds its language, and reads names where the model knows it."""

import re
from collections.abc import Callable, Iterator

from governance.privacy.policy.languages import DECIDED_AMONG, NAMES_READ_IN, is_long_enough, letters_of
from governance.privacy.policy.recognition.ner import Span
from governance.privacy.policy.recognition.ner_model import NamesModel, shipped

_SURE = 0.7
"""How sure it has to be that a text is of a language that the model does not know: it reads what nobody can tell."""
_DOUBT = 0.05
"""From how likely another language is, sentence by sentence is looked at."""
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|\n|\Z)\s*", re.DOTALL)

Rank = Callable[[str], list[tuple[str, float]]]
"""Of a text the languages that it may be of, each with how likely."""


class NamesReader:
    """Holds both models. One thread at a time."""

    def __init__(self, model: NamesModel, rank: Rank) -> None:
        self._model = model
        self._rank = rank

    def read(self, text: str, beside: str = "") -> list[Span] | None:
        """The names of a text, in its sentences of languages that the model knows; None where there is no such sentence.

        `beside` is what stands before and after a text that is too short to tell its language by itself.
        """
        others = self._others(text if is_long_enough(text) else f"{text} {beside}")
        if others < _DOUBT:
            return self._model.spans(text)
        stretches = list(self._known(text, is_known=others < _SURE))
        if not stretches:
            return None
        return [
            (begin + start, finish + start, label)
            for start, end in stretches
            for begin, finish, label in self._model.spans(text[start:end])
        ]

    def _known(self, text: str, *, is_known: bool) -> Iterator[tuple[int, int]]:
        """The stretches of a text of several languages that are of known ones: a short sentence is of that of the one before."""
        start = end = 0
        for match in _SENTENCE.finditer(text):
            if is_long_enough(match.group()):
                was_known, is_known = is_known, self._others(match.group()) < _SURE
                if was_known and not is_known and end > start:
                    yield start, end
                if not was_known:
                    start = match.start()
            elif not is_known:
                start = match.end()
            end = match.end()
        if is_known and end > start:
            yield start, end

    def _others(self, text: str) -> float:
        """How likely a text is of a language that the model does not know."""
        letters = letters_of(text)
        if not letters:
            return 0.0
        return sum(likely for language, likely in self._rank(letters) if language not in NAMES_READ_IN)


def load_reader() -> NamesReader:
    """With the models that come with Gatehouse and with py3langid."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(DECIDED_AMONG)
    return NamesReader(shipped(), identifier.rank)
