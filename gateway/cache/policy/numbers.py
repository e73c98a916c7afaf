"""PURE: numbers, dates and units as one spelling each: `1,000`, `1000` and `one thousand`; `5km` and `5 kilometres`."""

import re
from collections.abc import Sequence
from decimal import Decimal

from gateway.cache.policy.units import ABBREVIATIONS, AFTER_NUMBER, BY_CASE, CURRENCIES, UNIT_OF


def _listed(text: str) -> list[str]:
    return text.split()


_SMALL = {
    word: number
    for number, word in enumerate(
        _listed(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    word: 10 * (number + 2)
    for number, word in enumerate(_listed("twenty thirty forty fifty sixty seventy eighty ninety"))
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NUMBER_WORDS = frozenset((*_SMALL, *_TENS, *_SCALES))
_ORDINALS = {
    word: f"{number + 1}th"
    for number, word in enumerate(
        _listed(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
            "sixteenth seventeenth eighteenth nineteenth twentieth"
        )
    )
} | {"thirtieth": "30th", "hundredth": "100th", "thousandth": "1000th"}
_ROMAN = {
    numeral: str(number)
    for number, numeral in enumerate(
        _listed(
            "- I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII XXIII XXIV XXV"
        )
    )
    if len(numeral) > 1 and numeral != "XX"
}
_MONTHS = {
    name: number + 1
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        )
    )
    for name in names.split()
}  # fmt: skip
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"([-+]?)(\d+(?:[.,:/-]\d+)*|\.\d+)(.*)", re.DOTALL)
_AFTER_NOON = re.compile(r"(1[3-9]|2[0-3]):([0-5]\d)")
_FULL_HOUR = re.compile(r"(1?\d):00")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_GLUED = re.compile(r"[1-4]d|[2-6]g|(?:\d\d)?[1-9]0s")
"""What is no measure where nothing stands between: 3D, 5G, the 90s."""
_THOUSANDS = re.compile(r"(\d+)k")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def of_digits(raw: str) -> tuple[str, ...]:
    """A number as it was written with what is glued to it: `5km` as two tokens, `3D` as it stands."""
    match = _NUMBER.fullmatch(raw)
    if match is None:
        return (raw.casefold(),)
    sign, digits, ending = match.groups()
    sign = sign.replace("+", "")
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    elif iso := _ISO.fullmatch(digits):
        return (date(*map(int, iso.groups())) + ending.casefold(),)
    number = f"{sign}{digits}"
    if not ending:
        return _time(number)
    lower = ending.casefold()
    if _GLUED.fullmatch(f"{number}{lower}"):
        return (f"{number}{lower}",)
    if lower in ("st", "nd", "rd", "th"):
        return (f"{number}th",)
    unit = BY_CASE.get(ending) or UNIT_OF.get(lower) or AFTER_NUMBER.get(lower)
    if unit == "k":
        return (f"{number}k",)
    return (number, unit) if unit else (f"{number}{lower}",)


def _time(raw: str) -> tuple[str, ...]:
    """17:30 as 5:30 pm; an hour before one could be either."""
    match = _AFTER_NOON.fullmatch(raw)
    if match is None:
        return (raw,)
    hour, minutes = int(match[1]) - 12, match[2]
    return (str(hour) if minutes == "00" else f"{hour}:{minutes}", "pm")


def date(year: int, month: int, day: int) -> str:
    """A day as one token; year 0 where none is named."""
    return f"{year:04}-{month:02}-{day:02}"


def is_number(token: str) -> bool:
    """Whether a token has a digit: versions, rooms and formulas are numbers, too."""
    return any(map(str.isdigit, token))


def _is_plain(token: str) -> bool:
    return token.replace(".", "", 1).isdigit()


def roman(raw: str) -> str:
    """The number of a Roman numeral in capitals of two letters or more, else ""."""
    return _ROMAN.get(raw, "")


def in_figures(tokens: Sequence[str], raw: Sequence[str]) -> tuple[list[str], list[str]]:
    """Number words, dates and units in one spelling; `raw` is what was written for each token, and is kept beside it."""
    tokens, raw = _words_to_numbers(tokens, raw)
    tokens, raw = _dates(tokens, raw)
    made: list[str] = []
    kept: list[str] = []
    for at, token in enumerate(tokens):
        after_number = bool(made) and is_number(made[-1])
        unit = (BY_CASE.get(raw[at]) if after_number else None) or UNIT_OF.get(token)
        if unit is None and after_number:
            unit = AFTER_NUMBER.get(token)
        if token in ABBREVIATIONS and not after_number and not _is_unit_here(tokens, raw, at):
            unit = None
        if unit == "k" or (unit and not after_number and _is_mere_plural(token, made)):
            unit = None
        if unit in ("celsius", "fahrenheit") and made and made[-1] == "degree":
            made.pop()
            kept.pop()
        if (
            made
            and made[-1] in CURRENCIES
            and is_number(token)
            and (len(made) < 2 or not is_number(made[-2]))
        ):
            made.insert(-1, _in_money(token))
            kept.insert(-1, raw[at])
            continue
        if unit in CURRENCIES and made:
            made[-1] = _in_money(made[-1])
        if made and made[-1] in _BOUNDS_OF_MONEY:
            token = _in_money(token)
        if unit in ("am", "pm") and (hour := _FULL_HOUR.fullmatch(made[-1])):
            made[-1] = hour[1]
        made.append(unit or token)
        kept.append(raw[at])
    if "pound" in made and not _OF_MONEY.isdisjoint(made):
        made = [
            "gbp" if token == "pound" and following != "of" else token
            for token, following in zip(made, (*made[1:], ""), strict=True)
        ]
    return made, kept


_BOUNDS_OF_MONEY = frozenset({"under", "over", "below", "above"})
_OF_MONEY = CURRENCIES - {"pound"} | frozenset(
    (
        "cost",
        "costs",
        "pay",
        "paid",
        "price",
        "prices",
        "worth",
        "spend",
        "money",
        "tax",
        "salary",
        "fee",
        "budget",
        "bank",
        "invest",
        "exchange",
        "rent",
        "cash",
        "bill",
        "loan",
        "wage",
        "fine",
        "income",
    )
)
"""Words beside which pounds are no weight."""


def _in_money(token: str) -> str:
    """`50k` of a currency are 50,000; elsewhere 401k and 4K are names."""
    thousands = _THOUSANDS.fullmatch(token)
    return f"{thousands[1]}000" if thousands else token


def _is_unit_here(tokens: Sequence[str], raw: Sequence[str], at: int) -> bool:
    """Whether an abbreviation without a number before it is a unit: `EUR 5`, "in kg"."""
    if tokens[at + 1 : at + 2] and is_number(tokens[at + 1]):
        return True
    return raw[at].islower() and at > 0 and tokens[at - 1] in ("in", "into", "to", "per", "many")


def _is_mere_plural(token: str, before: Sequence[str]) -> bool:
    """Whether a word of a unit stands where one and many differ: "the days", not "in days"."""
    return (
        token.isalpha()
        and len(token) > 3
        and not (before and before[-1] in ("many", "in", "per", "to", "few", "of"))
    )


def _words_to_numbers(tokens: Sequence[str], raw: Sequence[str]) -> tuple[list[str], list[str]]:
    made: list[str] = []
    kept: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token == "second" and made and is_number(made[-1]):
            made.append("sec")
            kept.append(raw[at])
            at += 1
            continue
        if token == "one" and made and made[-1] == "no":
            made[-1], at = "nobody", at + 1
            continue
        taken, number = _number_at(tokens, at)
        if taken:
            made.append(number)
            kept.append(raw[at])
            at += taken
            continue
        made.append(_ORDINALS.get(token) or ("1/2" if token == "half" else token))
        kept.append(raw[at])
        at += 1
    return made, kept


def _number_at(tokens: Sequence[str], at: int) -> tuple[int, str]:
    """How many tokens from here are one number in words, and that number."""
    if (first := tokens[at]) not in _NUMBER_WORDS and not first[:1].isdigit():
        return 0, ""
    start, total, current = at, Decimal(0), Decimal(0)
    is_open = False
    last = 0
    while at < len(tokens):
        token = tokens[at]
        if token in _TENS and last in (0, 100, 1000):
            current, last = current + _TENS[token], 10
        elif token in _SMALL and (last in (0, 100, 1000) or (last == 10 and 0 < _SMALL[token] < 10)):
            current, last = current + _SMALL[token], 1
        elif token in _SCALES and (last or token in _SCALES):
            scale = _SCALES[token]
            if scale == 100:
                current, last = (current or Decimal(1)) * 100, 100
            else:
                total = total * scale if total and not current else total + (current or Decimal(1)) * scale
                current, last = Decimal(0), 1000
        elif at == start and _is_plain(token) and tokens[at + 1 : at + 2] and tokens[at + 1] in _SCALES:
            current, last = Decimal(token), 1
        elif token == "and" and last in (100, 1000) and tokens[at + 1 : at + 2] and (
            tokens[at + 1] in _SMALL or tokens[at + 1] in _TENS
        ):  # fmt: skip
            pass
        else:
            break
        is_open = True
        at += 1
    if not is_open:
        return 0, ""
    if tokens[at : at + 1] and tokens[at] in _ORDINALS and last in (10, 100, 1000):
        ordinal = int(_ORDINALS[tokens[at]][:-2])
        return at + 1 - start, f"{total + current + ordinal:f}th"
    total += current
    return at - start, f"{total:f}" if total % 1 else str(int(total))


def _dates(tokens: Sequence[str], raw: Sequence[str]) -> tuple[list[str], list[str]]:
    """`3 March 2024`, `March 3rd, 2024` and `the 3rd of March 2024` as one token."""
    plain = [token.casefold() for token in tokens]
    if not any(token in _MONTHS for token in plain):
        return list(tokens), list(raw)
    made: list[str] = []
    kept: list[str] = []
    at = 0
    while at < len(tokens):
        taken, day, month = _day_and_month(plain, at)
        if taken:
            end = at + taken
            if tokens[end : end + 1] == [","] and tokens[end + 1 : end + 2] and _is_year(tokens[end + 1]):
                end += 1
            year = int(tokens[end]) if tokens[end : end + 1] and _is_year(tokens[end]) else 0
            made.append(date(year, month, day))
            kept.append(raw[at])
            at = end + (1 if year else 0)
            continue
        made.append(tokens[at])
        kept.append(raw[at])
        at += 1
    return made, kept


def _day_and_month(tokens: Sequence[str], at: int) -> tuple[int, int, int]:
    first, rest = tokens[at], list(tokens[at + 1 : at + 3])
    if (day := _day(first)) and rest:
        if rest[0] in _MONTHS:
            return 2, day, _MONTHS[rest[0]]
        if len(rest) == 2 and rest[0] == "of" and rest[1] in _MONTHS:
            return 3, day, _MONTHS[rest[1]]
    if first in _MONTHS and rest and (day := _day(rest[0])):
        return 2, day, _MONTHS[first]
    return 0, 0, 0


def _day(token: str) -> int:
    ordinal = _ORDINAL.fullmatch(token)
    digits = ordinal[1] if ordinal else token
    return int(digits) if digits.isdecimal() and len(digits) <= 2 and 1 <= int(digits) <= 31 else 0


def _is_year(token: str) -> bool:
    return token.isdecimal() and len(token) == 4
