"""PURE: street addresses, post boxes and what stands beside them: units, postal codes, towns."""

import re
from collections.abc import Iterator

import re2

from governance.privacy.policy.recognition.calendar import is_of_calendar
from governance.privacy.policy.recognition.folding import fold_letters
from governance.privacy.policy.recognition.islands import around_digits
from governance.privacy.policy.recognition.letters import WORD
from governance.privacy.policy.recognition.streets import UNIT, Street, kinds_in, streets
from governance.screening.policy.findings import Finding

_SAYS = re2.compile(
    r"(?i)addres|adress|indirizz|direcci|endere|domicil|morada|\bliv(?:e|es|ed|ing)\b|located|resid|deliver|ship|mov(?:e|ed|ing) to|based at|headquarter|wohn|venue|anschrift|ansässig"
    r"|where|offices?\b|situated|stay|meet|sen[dt]|mail|come to|drive to|taxi|lebt|\bviv[eo]|abit[ao]|habite|\bmor[ao]\b|woon|(?:is|are|was|off|it's|you|us|be|them) at\s|goes? to|walk(?:ed)? to"
    r"|(?:statement|card) with|corner of|\b(?:apt|suite|ste|apartment)\b"
)
_NUMBERS_APART = re2.compile(r"\d{3,6} [^ \n\d]+(?: [^ \n\d]+){0,3} \d{1,4}")
_SAYS_ADDRESS = re.compile(
    r"(?i)(?:\b(?:address(?:es)?|adress[eo]?|anschrift|indirizzo|direcci[oó]n|endere[cç]o|domicili[oe]|morada|residencia|venue|headquarters?|office is|where)\b(?:\s(?:is|was|are|ist|lautet|es|è|é|est|at|in))?\s{0,3}[:=]?\s{0,3}\"?"
    r"|\b(?:liv(?:e|es|ed|ing)|resid(?:e|es|ed|ing)|located|based|headquartered|situated|stay(?:s|ing)?|meet(?:ing)?(?: me| us)?|offices?)\s(?:at|on|in)\s"
    r"|\b(?:is|are|was|off|it's|you|us|be|them) at\s(?:\d{3,6}\s)?|\b(?:sent|send|goes?|walk(?:ed)?) to\s|\b(?:address|statement|card) with\s"
    r"|\b(?:deliver(?:ed|y)?|ship(?:ped|ping)?|send(?: it)?|mov(?:ed|ing)|mail(?:ed)?|come|drive|taxi)\sto\s|\b(?:wohn\w*|lebt|ansässig)\s(?:in|an|am|auf|im)?\s?(?:der\s)?"
    r"|\b(?:vi(?:ve|vo|ven)|abit[ao]|habite|mor[ao]|woont|woon)\s(?:en|in|à|au|em|na|no|op|aan)\s(?:la\s|el\s|de\s)?)$"
)
_LABELS_ADDRESS = re.compile(
    r"(?i)\b(?:address(?:es)?|adress[eo]?|anschrift|indirizzo|direcci[oó]n|endere[cç]o|domicili[oe]|morada|residencia|(?:liv|resid)(?:e|es|ed|ing) (?:at|on)|wohn\w*)\b[^\n.]{0,14}$"
)
_AT = re.compile(r"(?i)(?:^|\b(?:at|to|on|from|is)\s)$")
_LOOSE = re.compile(
    rf"(?<![\w.,:/$€£#%+-])(?:(?P<number>\d{{1,6}}[A-Za-z]?)\s(?:\d{{1,5}}\s)?(?P<first>(?:[^\W\d_]{{1,4}}\.?\s)?{WORD}\.?(?:\s{WORD}\.?){{0,4}}(?:\s\d{{1,4}}\.?(?!\d))?)(?=\s*(?:[,?!]|\n|$|\.(?:\s|$)|\"|[<;]))"
    rf"|(?P<last>{WORD}\.?(?:[ \-]{WORD}\.?){{0,3}}(?:\su\.)?),?\s(?P<behind>\d{{1,4}}[A-Za-z]?)(?=\s*(?:[,?!]|\n|$|\.(?:\s|$)|\"|[<;])))"
)
_CORNER = re.compile(
    rf"\b(?i:(?:the )?corner of) (?:\d{{1,6}} )?(?:[^\W\d_]{{1,4}}\.? )?{WORD}(?: {WORD}| \d{{1,5}}\.?| str\b\.?){{0,4}} (?:and|&) (?:\d{{1,6}} )?{WORD}(?: {WORD}){{0,3}}"
)
_NUMBERED = re.compile(
    rf"(?<![\w.,:/$€£#%+-])(?P<number>\d{{1,6}})\s(?:\d{{1,5}}\s)?(?P<name>{WORD}(?:[ \-]{WORD}){{0,2}})(?:\su\.|\srkp\.|\st[eé]r)?\s(?P<behind>\d{{1,4}}[A-Ea-e]?)(?![\w%:/]|[.,]\d)\.?"
)
_NO_PLACES_LIST = (
    "building room gate floor level district zone sector section step line row column page chapter table figure block port index position version unit appendix article kapitel "
    "seite tabelle absatz artikel paragraph bytes bits mb gb kb items users people years year days day hours minutes weeks months the and or of to windows python am pm uhr gmt "
    "utc est edt pst pdt cet celsius fahrenheit percent noon least most "
)
_NO_PLACES = frozenset(_NO_PLACES_LIST.split())
_YEAR = re.compile(r"(?:1[5-9]\d\d|20[0-4]\d)")
_POSTAL = r"(?:(?:[A-Z]{1,2}[ \-])?\d{4,5}(?:-\d{3,4})?|\d{2}-\d{3}|\d{4}-\d{3}|\d{3}[ ]\d{2}|\d{4}[ ][A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)"
_TOWN = rf"(?:{WORD}(?:[ \-](?:(?:am|an der|ob|bei|im|in|sur|sous|de|la|les|del|di|do|da|den|der|aan|sul|upon)[ \-])?{WORD}){{0,3}})"
_CODE_TOWN = re.compile(
    rf"(?:,[ \t]*|[ \t]*\n[^\w\n]{{0,6}}|,?[ ])(?:{_TOWN},?[ ]{{1,2}}(?:[A-Z]{{2}}[ ]{{1,2}})?{_POSTAL}|{_POSTAL}[ ]{{1,2}}{_TOWN})(?![\w])"
)
_AFTER_UNITS = re.compile(rf"\s{{0,3}},?\s{{0,3}}{UNIT}(?!\w)")
_UNIT_ALONE = re.compile(
    r"(?<!\w)(?:Suite|Ste|Apartment|Apt)\.?\s{0,2}#?\s?[A-Z]?\d{1,5}[A-Za-z]?(?!\w)", re.IGNORECASE
)
_COUNTRY_LINE = re.compile(
    rf"(?:\s(?:Apt|Suite)\b|\s{{0,3}}\n[^\w\n]{{0,6}}(?:Apt|Suite|{WORD}[^\n]{{0,40}}\n?[^\w\n]{{0,6}}(?:[^\n]{{0,20}}\d{{3,6}}|,\s[A-Z]{{2,3}}\b|{WORD}\s*(?:\n|$))))"
)
_SAID = re.compile(
    r"\b(?:street|road|rd|avenue|ave|lane|boulevard|blvd|highway|hwy|parkway|suite|ste|apartment|apt|flat|box|postfach|apartado|casilla|postbus|via|rue|calle|rua|avenida|ulica)\b"
    r"|stra(?:ß|ss)e\s|str\.|gasse\s|weg\s|platz\s|allee\s|straat\s|gracht\s|laan\s"
)
_STANDS_ALONE = re.compile(r"(?:^|[\n,:;>\"]\s{0,4}|\b(?:at|in|to|from|on|à|au|en|a|em|na|no|an|im|op)\s)$")
_ENDS = re.compile(r"\s{0,2}(?:[,.;\n\"<]|$)")
_RULE = "street addresses"


def may_have_addresses(text: str) -> bool:
    """A cheap look: whether a word of addresses stands in the text at all, in any case."""
    plain = _encodable(text)
    return (
        bool(kinds_in(plain)) or _SAYS.search(plain) is not None or _NUMBERS_APART.search(plain) is not None
    )


def addresses(text: str) -> list[Finding]:
    """Streets with their numbers, units and post boxes, and the postal code and town that follow one."""
    found: list[Finding] = []
    plain = _encodable(text)
    for street in _in_stretches(text, plain):
        found.append(Finding(street.start, street.end, "STREET_ADDRESS", street.score, _RULE))
    is_said_somewhere = _SAYS.search(plain) is not None
    if is_said_somewhere:
        found += _loose(text)
    if is_said_somewhere or _NUMBERS_APART.search(plain) is not None:
        found += _numbered(text)
    if found or is_said_somewhere:
        found += _units(text, found)
    return [*found, *_with_towns(text, found)]


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _in_stretches(text: str, plain: str) -> Iterator[Street]:
    kinds = kinds_in(plain)
    if not kinds:
        return
    for offset, stretch in around_digits(text, before=70, after=60):
        for street in streets(stretch, kinds):
            start, end = street.start, street.end
            if (
                street.is_weak
                and not is_said_before(stretch, start)
                and not _AT.search(stretch, max(0, start - 6), start)
            ):
                continue
            yield Street(offset + start, offset + end, street.score)


def is_said_before(text: str, start: int) -> bool:
    """Whether the words right before say that an address comes."""
    return _SAYS_ADDRESS.search(text, max(0, start - 40), start) is not None


def is_said(text: str, street: Finding) -> bool:
    """Of a text without capitals: whether the words before say that it is one, or it stands as addresses do, alone or between
    commas: "3 in a row", "4 lane highway" are no address."""
    if is_said_before(text, street.start):
        return True
    return (
        _SAID.search(text, street.start, street.end) is not None
        and _STANDS_ALONE.search(text, max(0, street.start - 12), street.start) is not None
        and _ENDS.match(text, street.end) is not None
    )


def _loose(text: str) -> Iterator[Finding]:
    """A number and a name, either first, where the words before say that it is an address."""
    for match in _LOOSE.finditer(text):
        number, name = match["number"] or match["behind"], match["first"] or match["last"]
        if not _is_street(number, name) or not is_said_before(text, match.start()):
            continue
        # "deliver to 25 Countries": one word and a number need a word that nothing but an address has.
        if _is_full(match) or _LABELS_ADDRESS.search(text, max(0, match.start() - 40), match.start()):
            yield Finding(*match.span(), "STREET_ADDRESS", 0.5, _RULE)
    for match in _CORNER.finditer(text):
        yield Finding(*match.span(), "STREET_ADDRESS", 0.5, _RULE)


def _numbered(text: str) -> Iterator[Finding]:
    """A name between two numbers, where the words before say that it is an address, or the lines behind do."""
    for match in _NUMBERED.finditer(text):
        if not _is_street(match["number"], match["name"]) or _YEAR.fullmatch(match["behind"]):
            continue
        if is_said_before(text, match.start()) or (
            len(match["number"]) >= 3 and _COUNTRY_LINE.match(text, match.end())
        ):
            yield Finding(*match.span(), "STREET_ADDRESS", 0.5, _RULE)


def _is_full(match: re.Match[str]) -> bool:
    return (
        len(re.findall(r"[^\W\d_][\w'’]*", match.group())) > 1 or len(re.findall(r"\d+", match.group())) > 1
    )


def _is_street(number: str, name: str) -> bool:
    words = re.split(r"[\s\-]+", name)
    return not (
        _YEAR.fullmatch(number)
        or any(is_of_calendar(word) or fold_letters(word.strip(".,")) in _NO_PLACES for word in words)
    )


def _units(text: str, found: list[Finding]) -> Iterator[Finding]:
    """Suites and apartments on a line of their own: behind a street, or where the words before speak of an address."""
    ends = [each.end for each in found]
    for match in _UNIT_ALONE.finditer(text):
        if (
            is_said_before(text, match.start())
            or any(0 <= match.start() - end <= 40 for end in ends)
            or _STARTS_ADDRESS.match(text, match.end())
        ):
            yield Finding(*match.span(), "STREET_ADDRESS", 0.5, _RULE)


_STARTS_ADDRESS = re.compile(rf"[,\s]{{1,4}}(?:\d{{3,6}}\s{WORD}|{WORD}[^\n]{{0,30}}\n[^\w\n]{{0,6}}{WORD})")


def _with_towns(text: str, found: list[Finding]) -> Iterator[Finding]:
    """The postal code and the town right behind an address."""
    for each in found:
        end = unit.end() if (unit := _AFTER_UNITS.match(text, each.end)) else each.end
        if (match := _CODE_TOWN.match(text, end)) is not None:
            start = match.start() + len(match.group()) - len(match.group().lstrip(" ,\t\n"))
            yield Finding(start, match.end(), "STREET_ADDRESS", each.score, "postal codes and towns")
