"""PURE: the forms of street addresses. A form alone counts only where its words are a street's and nothing else's."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import re2

from governance.privacy.policy.recognition.calendar import is_of_calendar
from governance.privacy.policy.recognition.folding import fold_letters
from governance.privacy.policy.recognition.letters import UPPER, WORD

Test = Callable[[re.Match[str]], bool]

_NUMBER = r"(?:\d{1,6}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?(?!\w))"
_LAST = r"(?:\d{1,5}(?:[A-Za-z]|[ ][a-z](?![\w.'’]))?(?:[-/]\d{1,5}[A-Za-z]?)?)"
_BEHIND = r"(?![\w%€$£°]|[.,:]\d|\s?(?:km|cm|mm|kg|Uhr|Euro|EUR|Prozent|percent|%|Jahren?|Tagen?|Minuten|Stunden|Meter|Metern)\b)"
_BEFORE = r"(?<![\w.,:;/$€£#%+\-])"
_PARTICLE = r"(?:de|del|della|dello|delle|dei|degli|da|do|dos|das|di|du|des|la|le|les|los|las|el|al|et|y|e|of|the|van|von|der|den|zu|zum|zur|à|aux?|en|sur|sous|ten|ter)"
_JOINED = r"(?:[dl]['’])"
_NAME = rf"(?:(?:{_PARTICLE}[ ]){{0,3}}{_JOINED}?{WORD}\.?)"
_ORDINAL = r"(?:\d{1,3}(?:st|nd|rd|th))"
_SIDE = r"(?:(?:[NSEW]|N\.?E|N\.?W|S\.?E|S\.?W|North|South|East|West)\b\.?)"
_SURE = r"(?:Street|Road|Rd|Avenue|Ave|Lane|Boulevard|Blvd|Highway|Hwy|Parkway|Pkwy|Crescent|Cres|Terrace|Turnpike|Esplanade|Mews|Alley)"
_UNSURE = r"(?:St|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terr|Close|Way|Circle|Cir|Trail|Gardens|Grove|Row|Walk|Quay|Parade|Str|Av|Pass|Path|Loop|Green|Mall)"

UNIT = r"(?:(?:Suite|Ste|Apartment|Apt|Unit|Flat|Floor|Room|Rm|#)\.?\s{0,2}#?\s?(?:[A-Z]?\d{1,5}[A-Za-z]?|[A-Z](?!\w)))"
_UNITS = rf"(?:,?\s{{1,3}}{UNIT}){{0,2}}"

_ENGLISH = re.compile(
    rf"{_BEFORE}(?P<number>{_NUMBER}),?\s{{1,2}}(?:\d{{1,5}}\s)?(?:{_SIDE}\s)?(?P<name>(?:(?:{_ORDINAL}|{_NAME})\s){{1,4}}?)(?P<kind>{_SURE}|{_UNSURE})(?![\w'’])\.?(?:\s{_SIDE}(?![\w'’]))?{_UNITS}"
)
_LOWER = re.compile(
    rf"{_BEFORE}(?P<number>{_NUMBER}),?\s(?P<name>(?:[a-z0-9'’]{{2,}}\s){{1,2}})(?:street|road|avenue|lane|boulevard|drive|st|rd|ave|blvd)(?!\w)"
)
_PREFIX = (
    r"(?:via|viale|corso|piazza|piazzale|vicolo|largo|rue|chemin|quai|impasse|allée|avenue|boulevard|bd|calle|carrer|avenida|avda|avd|av|paseo|plaza|camino|carretera"
    r"|rua|praça|travessa|alameda|estrada|ulica|ul|aleja|strada|strasse|straße|улица|ул|проспект)"
)
_NUMBER_LAST = re.compile(
    rf"(?<![\w.@/])(?:(?P<code>\d{{1,6}})\s)?(?:(?P<kind>(?i:{_PREFIX}))(?:\.?\s{{1,2}}|\.)|(?P<slashed>[Cc]/[ ]?))(?P<name>{_NAME}(?:[ ]{_NAME}){{0,4}}),?[ ]{{1,2}}(?:(?:n[.°ºr]{{1,2}}|núm\.?|no\.|д\.)\s?)?(?P<number>{_LAST}){_BEHIND}{_UNITS}"
)
_NUMBER_FIRST = re.compile(
    rf"{_BEFORE}(?P<number>{_NUMBER})(?:\s(?:bis|ter|quater))?,?\s(?P<kind>(?i:rue|chemin|quai|impasse|allée|avenue|boulevard|bd|av|place|route|sentier|faubourg|calle|rua|via|viale|piazza|corso|avenida|plaza))\.?\s{{1,2}}(?P<name>{_NAME}(?:[\s\-]{_NAME}){{0,3}}){_UNITS}"
)
_GERMANIC = (
    r"(?:[^\W\d_]{2,}(?:stra(?:ß|ss)e|str\.?|gasse|weg|platz|allee|ufer|damm|chaussee|gat[ao]n?|gade|vej|vejen|veien|vegen|vägen|katu|kuja|polku|straat|laan|plein|gracht"
    r"|singel|steeg|dijk|kade|utca|körút|stræti|braut|maantee|tänav|[aeiouyäö]ntie|gränd|stien?))"
)
_COMPOUND = re.compile(
    rf"(?<![\w.@/])(?:(?P<code>\d{{1,6}})\s)?(?P<name>(?:{WORD}[ \-]){{0,2}}?)(?=[{UPPER}])(?P<kind>{_GERMANIC}),?\s{{1,2}}(?P<number>{_LAST}){_BEHIND}{_UNITS}"
)
_APART = re.compile(
    rf"(?<![\w.@/])(?:(?P<code>\d{{1,6}})\s)?(?P<name>{WORD}(?:[ \-]{WORD}){{0,2}}[ \-])(?P<kind>(?i:stra(?:ß|ss)e|str\.|gasse|allee|damm|chaussee|straat|laan|gracht|singel|utca|út|körút|gatan?|gate|vei|vej|platz|weg|ufer|ring|promenade)),?\s{{1,2}}(?P<number>{_LAST}){_BEHIND}{_UNITS}"
)
_WITH_UNIT = re.compile(
    rf"{_BEFORE}(?P<number>\d{{1,6}}[A-Za-z]?)\s(?P<name>(?:{_NAME},?\s(?:\d{{1,5}}[.,]{{0,2}}\s)?){{1,4}})(?:Suite|Ste|Apartment|Apt)\.?\s?#?\d{{1,5}}[A-Za-z]?(?!\w)"
)
_BOX = re.compile(
    r"\b(?:P\.?\s?O\.?\s?Box\s#?\d{1,6}|Post Office Box\s\d{1,6}|PSC\s\d{1,5},?\s{1,3}Box\s\d{1,5}|Unit\s\d{1,6},?\s{1,3}Box\s\d{1,6}"
    r"|(?:Postfach|Postbus|Boîte postale|Apartado (?:de correos|postal)|Casella postale|Caixa postal|Casilla(?: de correos?)?)\s\d{1,3}(?:[ ]?\d{2,3}){0,2})\b"
    r"|(?-i:\bB\.?P\.?\s\d{1,6}(?=,?\s{1,2}\d{5}\s[A-ZÀ-Ý]))",
    re.IGNORECASE,
)
_MILITARY = re.compile(
    r"\b(?:US[NSCG]{1,3}[SV]?\s[A-Z][\w-]+\s{1,3})?(?:APO|FPO|DPO),?\s(?:AA|AE|AP)\s\d{5}(?:-\d{4})?\b",
    re.IGNORECASE,
)

_NO_NAME_WORDS = (
    "lane in an auf bei von mit nach aus supreme high district appeal appeals circuit county federal tennis food basketball criminal civil family crown magistrates superior municipal constitutional hard test usb "
    "google flash disk tape wheel thumb cloud blood pen ssd external milky two one three four way right long safe better only best great by "
    "last next same every each root chi least data header table front space random audit paper full inner crop fast bus bike silk rail side mile miles block blocks windows "
    "flight route python article section version chapter exit channel interstate port platform gate terminal line train apple ios android api http ipv zoom skype email room "
    "step form page figure option method highway level phase stage part version volume vol no number type class star bit core grade bundes kreis landes staats der die das "
    "dieser unser erster zweiter dritter letzter jeder einer welcher weiter immer kein ihr euer mein sein ein eine top the billboard hot arbeits spiel park sitz steh stell "
    "listen tabellen start studien ausbildungs camping flug sport golf kita podest schlaf lager liege handels spitzen relegations abstiegs aufstiegs medaillen schau speicher "
    "start um aus irr heim rück hin lösungs rechts dienst brems mittel anmelde "
)
_NO_KIND_WORDS = (
    "brigade renegade dekade blockade arkade fassade parade ballade marmelade kaskade olympiade aggregata ungeweg halbweg amsterdam christi auntie bountie käufer verkäufer "
    "läufer anrufer einkäufer häufer zurufer mitläufer vorläufer ausrufer "
)
_NO_NAMES = frozenset(map(fold_letters, _NO_NAME_WORDS.split()))
_NO_KINDS = frozenset(map(fold_letters, _NO_KIND_WORDS.split()))
_PLACE_STEMS = re.compile(
    r"(?i)(?:arbeits|spiel|park|sitz|steh|stell|listen|tabellen|start|studien|ausbildungs|camping|flug|sport|golf|kita|podest|schlaf|lager|liege|handels|spitzen|relegations|abstiegs"
    r"|aufstiegs|medaillen|schau|speicher|lehrstellen|betreuungs|pflege|standes|bau|fußball|fussball|kinder|ehren)platz$"
    r"|(?:^um|^aus|irr|heim|rück|hin|lösungs|rechts|dienst|brems|mittel|übertragungs|liefer|transport|umwelt|holz)weg$|^(?:bundes|landes|staats|kreis|land|fern)stra(?:ß|ss)e$|(?:k|l|s|r)äufer$|rufer$"
)
_RANKS = frozenset(("Place", "Row", "Way", "Walk", "Court"))
_ORDINALS = frozenset(("First", "Second", "Third", "Fourth", "Fifth"))
_NOT_AFTER = re.compile(
    r"\s(?:Journal|Band|Boys|Gang|Rangers|Children|Analysts?|Records|Studios?|Blues|Cred|Justices?|Judges?|Ruling|Decision)\b",
    re.IGNORECASE,
)
_ITALIAN_BEFORE = re.compile(
    r"(?i)(?:\b(?:in|alla|di|da|dalla|della|nella|sulla|a|presso|abit\w+|indirizzo|residente)|^|[\n,:;(\"'])\s*$"
)
_YEAR = re.compile(r"(?:1[5-9]\d\d|20[0-4]\d)")
_RECENT = re.compile(r"(?:1[89]\d\d|20[0-4]\d)")
_OF_TIME = re.compile(
    r"(?i)\b(?:in|since|from|until|till|by|of|the|during|circa|around|late|early|mid|before|after|to|and|im|seit|vom?|bis|ab|um|nach|vor|jahre?|en|depuis|de|à|fin|début|año|desde|hasta|nel|dal|al|del|anno"
    r"|in|sinds|van|tot|em|desde|até|ano|spring|summer|autumn|winter|fall|frühjahr|sommer|herbst)\s+$|[^\W\d_]{3,}\.?,?\s$"
)
_ENGLISH_TOO = frozenset(("avenue", "boulevard", "plaza", "place"))
_GOES_ON = re.compile(rf"\s(?:{_SIDE}|{WORD})")
_STREET_ENDS = re.compile(r"[ \t]*(?:,|\n|$)")
_WEAK_PLACES = frozenset(("platz", "weg", "ufer", "ring", "promenade"))


@dataclass(frozen=True, slots=True)
class Street:
    """A street and its number, in the text's offsets; a weak one needs something beside it that says what it is."""

    start: int
    end: int
    score: float = 0.6
    is_weak: bool = False


def kinds_in(text: str) -> tuple["Form", ...]:
    """The forms of which a word stands in the text. It must have no lone surrogates."""
    return tuple(form for form in FORMS if form.hint.search(text) is not None)


def streets(text: str, forms: tuple["Form", ...]) -> Iterator[Street]:
    """Every one of these forms in the text."""
    for form in forms:
        for match in form.pattern.finditer(text):
            yield from form.judged(match)


def _is_name(name: str) -> bool:
    words = [word for word in re.split(r"[\s\-]+", name) if word]
    return not any(not word.islower() and fold_letters(word.strip(".,'’")) in _NO_NAMES for word in words)


def _is_year(match: re.Match[str]) -> bool:
    """Whether the number is more likely a year: no comma or line's end says that an address goes on."""
    return _YEAR.fullmatch(match["number"]) is not None


def _english(match: re.Match[str]) -> Iterator[Street]:
    text = match.string
    words = match["name"].split()
    if not _is_name(match["name"]) or _NOT_AFTER.match(text, match.end()):
        return
    # "17 March St Patrick's", "4 June Dr Smith": a date, and a saint or a title.
    if is_of_calendar(words[0]) and not _STREET_ENDS.match(text, match.end()):
        return
    if words[0][0].islower() or (match["kind"] in _RANKS and words[-1] in _ORDINALS):
        return
    if _is_year(match) and (
        _OF_TIME.search(text, max(0, match.start() - 16), match.start())
        or not _STREET_ENDS.match(text, match.end())
    ):
        return
    yield Street(*match.span())


def _lower(match: re.Match[str]) -> Iterator[Street]:
    if _is_name(match["name"]) and not any(word in _FUNCTION for word in match["name"].split()):
        yield Street(*match.span(), 0.5, is_weak=True)


_FUNCTION_WORDS = (
    "a an and are as at by for from in is it more of off on or our out over per than that the their this to up was were with your km miles houses people cars shops meters "
    "metres "
)
_FUNCTION = frozenset(_FUNCTION_WORDS.split())


def _number_last(match: re.Match[str]) -> Iterator[Street]:
    text = match.string
    kind = fold_letters(match["kind"] or "")
    if not _is_name(match["name"]) or any(map(is_of_calendar, match["name"].split())):
        return
    if _RECENT.fullmatch(match["number"]) and "," not in text[match.end("name") : match.start("number")]:
        return
    if kind in ("via", "largo", "corso", "strada", "av", "bd", "ul", "strasse", "straße", "camino"):
        is_lower = match["kind"].islower()
        if is_lower and not _ITALIAN_BEFORE.search(
            text, max(0, match.start("kind") - 14), match.start("kind")
        ):
            return
    if kind in _ENGLISH_TOO and _GOES_ON.match(text, match.end()):
        return
    start = match.start("kind") if match["kind"] else match.start("slashed")
    yield Street(
        match.start() if match["code"] and not _YEAR.fullmatch(match["code"]) else start, match.end()
    )


def _number_first(match: re.Match[str]) -> Iterator[Street]:
    words = match["name"].split()
    if not _is_name(match["name"]) or any(map(is_of_calendar, words)):
        return
    if _is_year(match) and _OF_TIME.search(match.string, max(0, match.start() - 16), match.start()):
        return
    if match["kind"] == "place" and words[0][:1].isupper():
        return  # "1 place Paris", a rank; a square has a particle or a capital of its own
    yield Street(*match.span())


def _compound(match: re.Match[str]) -> Iterator[Street]:
    kind = match["kind"]
    if fold_letters(kind) in _NO_KINDS or _PLACE_STEMS.search(kind) or _is_year(match):
        return
    name = match["name"]
    start = match.start("kind")
    if name and _is_name(name) and not any(map(is_of_calendar, name.split())):
        start = match.start("name")
    if match["code"] and not _YEAR.fullmatch(match["code"]) and start == match.start("name"):
        start = match.start()
    yield Street(start, match.end())


def _apart(match: re.Match[str]) -> Iterator[Street]:
    name, kind = match["name"], fold_letters(match["kind"])
    if not _is_name(name) or _is_year(match) or any(map(is_of_calendar, re.split(r"[\s\-]+", name))):
        return
    # "Berliner Platz 5", "Maria-Theresien-Platz 1"; "Das ist Platz 3" is a rank.
    if kind in _WEAK_PLACES and not (name.endswith("-") or name.split()[-1].rstrip("- ").endswith("er")):
        return
    yield Street(match.start("name"), match.end())


def _with_unit(match: re.Match[str]) -> Iterator[Street]:
    if _is_name(match["name"]):
        yield Street(*match.span())


def _as_it_is(match: re.Match[str]) -> Iterator[Street]:
    yield Street(*match.span(), 0.7)


@dataclass(frozen=True, slots=True)
class Form:
    """A pattern, what of its matches is a street, and what is in every text that has one."""

    pattern: re.Pattern[str]
    judged: Callable[[re.Match[str]], Iterator[Street]]
    hint: "re2._Regexp[str]"


_HINT_ENGLISH = re2.compile(
    r"(?i)\d[A-Za-z]?,?\s[^\n]*\b(?:Street|Road|Rd|Avenue|Ave|Av|Lane|Ln|Boulevard|Blvd|Highway|Hwy|Parkway|Pkwy|Crescent|Cres|Terr(?:ace)?|Turnpike|Esplanade|Mews|Alley|St|Drive|Dr|Court|Ct|Place|Pl"
    r"|Square|Sq|Close|Way|Circle|Cir|Trail|Gardens|Grove|Row|Walk|Quay|Parade|Str|Pass|Path|Loop|Green|Mall)\b"
)
_HINT_LOWER = re2.compile(
    r"\d[A-Za-z]?,? [a-z0-9'’ ]* (?:street|road|avenue|lane|boulevard|drive|st|rd|ave|blvd)\b"
)
_HINT_LAST = re2.compile(rf"(?i)(?:\b(?:{_PREFIX})\b|\bc/|улица|ул\.|проспект)\.? {{0,2}}[^\n]* \d")
_HINT_FIRST = re2.compile(
    r"(?i)\d(?: (?:bis|ter|quater))?,?\s(?:rue|chemin|quai|impasse|allée|avenue|boulevard|bd|av|place|route|sentier|faubourg|calle|rua|via|viale|piazza|corso|avenida|plaza)\b"
)
_HINT_GERMANIC = re2.compile(
    r"(?i)(?:stra(?:ß|ss)e|str\.?|gasse|weg|platz|allee|ufer|damm|chaussee|gat[aeo]n?|gade|vej|vejen|vei|veien|vegen|vägen|katu|kuja|polku|straat|laan|plein|gracht|singel|steeg|dijk|kade|utca|út"
    r"|körút|stræti|braut|maantee|tänav|ntie|gränd|stie?n?|ring|promenade),?\s{1,2}\d"
)
_HINT_UNIT = re2.compile(r"(?i)\d[^\n]*\b(?:Suite|Ste|Apartment|Apt)\b")
_HINT_BOX = re2.compile(r"(?i)box\s|postfach|postbus|boîte|apartado|casella|caixa|casilla|b\.?p\.?\s\d")
_HINT_MILITARY = re2.compile(r"(?i)\b(?:apo|fpo|dpo)\b")

FORMS = (
    Form(_ENGLISH, _english, _HINT_ENGLISH),
    Form(_LOWER, _lower, _HINT_LOWER),
    Form(_NUMBER_LAST, _number_last, _HINT_LAST),
    Form(_NUMBER_FIRST, _number_first, _HINT_FIRST),
    Form(_COMPOUND, _compound, _HINT_GERMANIC),
    Form(_APART, _apart, _HINT_GERMANIC),
    Form(_WITH_UNIT, _with_unit, _HINT_UNIT),
    Form(_BOX, _as_it_is, _HINT_BOX),
    Form(_MILITARY, _as_it_is, _HINT_MILITARY),
)
