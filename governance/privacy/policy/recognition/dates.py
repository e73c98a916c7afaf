"""PURE: dates that name a day, a month or a year, and ages."""

import re
from collections.abc import Iterator

import re2

from governance.privacy.policy.recognition.calendar import ABROAD_DAYS, WRITTEN_MONTHS
from governance.privacy.policy.recognition.context import speaks_for
from governance.screening.policy.findings import Finding

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
_TIME = r"(?:[T ,]{1,2}(?:at )?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?[AaPp]\.?[Mm]\b\.?)?(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
_NUMERIC = re.compile(
    r"(?<![\d./-])(?:(?:19|20)\d{2}([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:(?:19|20)?\d{2}))" + _TIME + r"(?![\d/-])"
)
_WRITTEN = re.compile(
    rf"\b(?:(?:{_WEEKDAY},?\s)?(?:{_MONTH}\.?\s(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:,?\s(?:19|20)\d{{2}})?"
    rf"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}\b\.?(?:,?\s(?:19|20)\d{{2}})?"
    rf"|{_MONTH},?\s(?:19|20)\d{{2}})|{_WEEKDAY})\b" + _TIME,
    re.IGNORECASE,
)
_ABROAD = re.compile(
    rf"(?<!\w)(?:0?[1-9]|[12]\d|3[01])(?:\.|er|º|°|ª)?\s(?:de\s|di\s|d['’])?(?:{WRITTEN_MONTHS})(?!\w)(?:,?\s(?:de\s|del\s|do\s)?(?:1[89]|20)\d{{2}}(?!\d))?"
    rf"|(?<!\w)(?:{WRITTEN_MONTHS})\s(?:de\s|del\s)?(?:1[89]|20)\d{{2}}(?!\d)|(?<!\w)(?:{'|'.join(ABROAD_DAYS)})(?!\w)",
    re.IGNORECASE,
)
"""Dates of German, French, Spanish, Italian, Dutch and Portuguese."""
_MIGHT_BE_ABROAD = re2.compile(rf"(?i)(?:{WRITTEN_MONTHS}|{'|'.join(ABROAD_DAYS)})")
_MIGHT_BE_WRITTEN = re.compile(r"(?:day|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
_YEAR = re.compile(
    r"(?<![\w.,:/#$€£+-])(?:1[89]\d{2}|20[0-4]\d)(?:[-–](?:1[89]|20)?\d{2})?(?![\w:/%-]|[.,]\d)(?!\s(?:[A-Z][a-zà-ÿ]+\s|tokens|items|users|rows|MB|GB|kg|km|USD|EUR|dollars|people|words|pages|times|units))"
)
_YEAR_WORDS = ("in", "since", "from", "until", "by", "of", "year", "born", "founded", "dated", "around", "circa", "between", "and", "before", "after", "during", "class", "fy", "summer", "winter", "spring", "autumn", "fall", "early", "late", "mid")  # fmt: skip
_BEFORE_YEAR = re.compile(r"(?:\b(?:" + "|".join(_YEAR_WORDS) + r")\s|[(,]\s?)(?:the\s)?$", re.IGNORECASE)
_AGE = re.compile(
    r"(?:\b(?:aged?|age is|age:|age of|turn(?:s|ed|ing)?|(?:i'?m|i am|is|was|are|he's|she's))\s{1,3})(\d{1,3})(?=\s*(?:[-\s]?(?:years?|yrs?|y/?o)\b|[.,;:!?)\n]|$))"
    r"|(?<![\d.,$€£-])(\d{1,3})(?=[\s-]{0,2}(?:year|yr)s?[\s-]{1,2}olds?\b|[\s-]?y/?\.?o\b)",
    re.IGNORECASE,
)
_AGE_FIELD = re.compile(r"\bage\s{0,3}[:=]\s{0,3}\"?(\d{1,3})\b", re.IGNORECASE)
_WORDED = re.compile(r"(?:aged?|turn|year|yr|y/?o)", re.IGNORECASE)
_BIRTH = ("birth", "birthday", "born", "dob", "geboren", "geburtsdatum", "geburtstag", "né", "née", "naissance", "nacido", "nacida", "nació", "nacimiento", "nascita", "nato", "nata", "geboortedatum", "nascido", "nascida", "nascimento", "nasceu")  # fmt: skip


def dates(text: str) -> Iterator[Finding]:
    """Calendar dates, weekdays, and years where a word says that they are years. "Last week" names no date."""
    for match in _NUMERIC.finditer(text):
        score = 0.9 if speaks_for(text, *match.span(), _BIRTH) else 0.7
        yield Finding(*match.span(), "DATE_TIME", score, "dates")
    for match in _WRITTEN.finditer(text) if _MIGHT_BE_WRITTEN.search(text.casefold()) else ():
        if match.group().casefold() not in ("may", "march"):
            yield Finding(*match.span(), "DATE_TIME", 0.7, "dates")
    if _MIGHT_BE_ABROAD.search(text if text.isascii() else text.encode("utf-8", "replace").decode()):
        for match in _ABROAD.finditer(text):
            score = 0.9 if speaks_for(text, *match.span(), _BIRTH) else 0.7
            yield Finding(*match.span(), "DATE_TIME", score, "dates")
    for match in _YEAR.finditer(text):
        if _BEFORE_YEAR.search(text[max(0, match.start() - 16) : match.start()]):
            yield Finding(*match.span(), "DATE_TIME", 0.5, "years")


def ages(text: str) -> Iterator[Finding]:
    """How old somebody is, the number alone."""
    for pattern in (_AGE, _AGE_FIELD):
        for match in pattern.finditer(text):
            group = match.lastindex or 1
            if 0 < int(match.group(group)) <= 120:
                is_said = _WORDED.search(text[max(0, match.start() - 1) : match.end() + 12]) is not None
                yield Finding(*match.span(group), "AGE", 0.7 if is_said else 0.4, "ages")


def names_a_date(text: str) -> bool:
    """Whether what a language model takes for a date names a day, a month, a year or a time of day."""
    return (
        _NUMERIC.search(text) is not None
        or _WRITTEN.search(text) is not None
        or _ABROAD.search(text) is not None
        or _NAMED.search(text) is not None
    )


_NAMED = re.compile(
    rf"\b(?:{_MONTH}|(?:1[89]|20)\d\ds?|\d{{1,2}}:\d{{2}}|\d{{1,2}}\s?[ap]\.?m)\b", re.IGNORECASE
)
