"""PURE: the language of a text, by its script and its commonest words. Cheap, and "" where it can't be told.

Whether names are read in a text is decided more surely, by the workers that read them: what they need is here, too.
"""

import re
from collections.abc import Sequence

_WORDS = {
    "en": "the and of to is that for with you this are have not what can",
    "de": "der die das und ist nicht ein eine ich mit für auf den wie sie",
    "fr": "le la les des est et que pour dans une vous je pas avec sur",
    "es": "el la los las que es en una por para con como del está mi",
    "it": "il lo gli che è di per una con non sono come della mi nel",
    "pt": "o os as que é em uma por para com não como do da você",
    "nl": "de het een en van is dat niet voor met ik zijn op aan wat",
}
_SETS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
LANGUAGES = tuple(sorted((*_WORDS, *(language for language, _ in _SCRIPTS))))
NAMES_READ_IN = ("de", "en", "es", "fr", "it", "nl", "pt")
"""The languages that the names model has learned. In others names are found by rules alone."""
DECIDED_AMONG = (
    *NAMES_READ_IN, "ar", "bg", "bn", "cs", "da", "el", "et", "fa", "fi", "he", "hi", "hr", "hu", "id", "ja", "ko", "lt", "lv", "no", "pl", "ro",
    "ru", "sk", "sl", "sr", "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
"""Languages that a text may be taken for before its names are read. Those that are hard to tell from one of ours are left out."""
_MIN_LETTERS = 60
_BESIDE = 300
_TOLD_BY = 500
"""Characters that a language is told by."""
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 1000


def language_of(text: str) -> str:
    """Two letters, or "" where the text is short, mixed or of another language."""
    head = text[:_LOOKED_AT]
    for language, script in _SCRIPTS:
        if len(script.findall(head)) * 4 > sum(map(str.isalpha, head)):
            return language
    words = [word.casefold() for word in _WORD.findall(head)]
    scores = sorted(
        ((sum(word in known for word in words), language) for language, known in _SETS.items()), reverse=True
    )
    best, second = scores[0], scores[1]
    return best[1] if best[0] >= 2 and best[0] > second[0] else ""


def letters_of(text: str) -> str:
    """The words of a text's beginning, without digits and signs, which are of no language."""
    return " ".join(_WORD.findall(text[:_TOLD_BY]))


def is_long_enough(text: str) -> bool:
    """Whether a text has enough letters to tell its language by itself."""
    return sum(map(str.isalpha, text[:_LOOKED_AT])) >= _MIN_LETTERS


def beside(texts: Sequence[str]) -> list[str]:
    """For each text that is too short to tell its language the ones around it, in order; for others nothing."""
    around = []
    for place, text in enumerate(texts):
        if is_long_enough(text):
            around.append("")
            continue
        before, after = " ".join(texts[max(0, place - 3) : place]), " ".join(texts[place + 1 : place + 4])
        around.append(f"{before[-_BESIDE:]} {after[:_BESIDE]}".strip())
    return around
