"""Words that are ordinarily outside names, of the texts that are learned from: the model is told of each word whether it is one."""

from collections import Counter
from collections.abc import Iterable

from governance.management.names_training.corpora import LabelledText
from governance.privacy.policy.recognition.ner_features import words

_LEAST = 3
_MOST_IN_NAMES = 0.03
HEAD = "# Words that are ordinarily outside names in the texts that the names model learned from, casefolded. Made by its training."


def ordinary_words(texts: Iterable[LabelledText]) -> list[str]:
    """Those seen often enough, and next to never in a name."""
    seen, named = Counter[str](), Counter[str]()
    for labelled in dict.fromkeys(texts):
        for start, end in words(labelled.text):
            word = labelled.text[start:end].lower()
            if not word.isalpha() or len(word) > 24:
                continue
            seen[word] += 1
            named[word] += any(begin < end and start < finish for begin, finish, _ in labelled.spans)
    return sorted(
        word for word, count in seen.items() if count >= _LEAST and named[word] <= _MOST_IN_NAMES * count
    )
