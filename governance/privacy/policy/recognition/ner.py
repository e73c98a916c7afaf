"""PURE: what a language model's entities mean here, and the text as it is best shown to the model."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from governance.screening.policy.findings import Finding

SCORES = {"PERSON": 0.85, "LOCATION": 0.85, "ORGANIZATION": 0.6}
"""What the model finds, and how sure that is: of organisations less."""

Span = tuple[int, int, str]
"""(start, end, entity), in code points."""

_BREAK = re.compile(r"[\n\r\t`\"“”<>{}\[\]|=;:?!]|,\s|\s-\s|/")
_EDGE = " .,'’()*_#>-"
_CAPITALS = re.compile(r"(?<![\w])[^\W\d_a-zß-ÿ]{5,}(?![\w])")
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")


def as_read(text: str) -> str:
    """The same text, of the same length, with names in the case that the model was trained on."""
    shown = _CAPITALS.sub(lambda match: _same_length(match.group(), match.group().capitalize()), text)
    if not any(map(str.isupper, shown)):
        shown = _same_length(
            shown, re.sub(r"(?<!\w)[^\W\d_]{3,}", lambda match: match.group().capitalize(), shown)
        )
    return shown


def _same_length(text: str, changed: str) -> str:
    return changed if len(changed) == len(text) else text


_NO_NAMES = frozenset(
    [
        "IBAN",
        "BIC",
        "SWIFT",
        "SSN",
        "ITIN",
        "EIN",
        "TIN",
        "VAT",
        "GST",
        "PIN",
        "PUK",
        "TAN",
        "ATM",
        "POS",
        "CVV",
        "CVC",
        "CHF",
        "EUR",
        "USD",
        "GBP",
        "JPY",
        "AUD",
        "CAD",
        "NOK",
        "SEK",
        "DKK",
        "PLN",
        "ASAP",
        "FYI",
        "FAQ",
        "ETA",
        "TBD",
        "TBA",
        "NDA",
        "KPI",
        "ROI",
        "OKR",
        "CEO",
        "CFO",
        "CTO",
        "COO",
        "CIO",
        "CISO",
        "VP",
        "HR",
        "PR",
        "QA",
        "IT",
        "AI",
        "ML",
        "LLM",
        "API",
        "SDK",
        "CLI",
        "GUI",
        "UI",
        "UX",
        "URL",
        "URI",
        "HTML",
        "CSS",
        "XML",
        "JSON",
        "YAML",
        "CSV",
        "TSV",
        "PDF",
        "DOCX",
        "XLSX",
        "SQL",
        "HTTP",
        "HTTPS",
        "FTP",
        "SSH",
        "TLS",
        "SSL",
        "DNS",
        "TCP",
        "UDP",
        "IP",
        "MAC",
        "CPU",
        "GPU",
        "RAM",
        "ROM",
        "SSD",
        "USB",
        "PC",
        "ID",
        "UUID",
        "GUID",
        "UTC",
        "GMT",
        "CET",
        "CEST",
        "EST",
        "EDT",
        "PST",
        "PDT",
        "AM",
        "PM",
        "OK",
        "NB",
        "PS",
        "RE",
        "FW",
        "FWD",
        "CC",
        "BCC",
        "DOB",
        "POB",
        "TEL",
        "FAX",
        "MOB",
        "NIF",
        "NIE",
        "DNI",
        "CUIT",
        "CURP",
        "RFC",
        "CPF",
        "CNPJ",
        "RG",
        "CEP",
        "NIE",
        "NISS",
        "SIREN",
        "SIRET",
        "TVA",
        "RIB",
        "MwSt",
        "MWST",
        "USt",
        "UST",
        "AHV",
        "AVS",
        "IVA",
        "BTW",
        "BSN",
        "KVK",
        "IRPF",
        "AG",
        "GmbH",
        "PLZ",
        "Nr",
        "Tel",
        "Fax",
        "Abs",
        "Art",
        "Kto",
        "BLZ",
        "RSVP",
        "COD",
        "FOB",
        "PO",
        "SKU",
        "ISBN",
        "ISSN",
        "DOI",
        "PII",
        "GDPR",
        "DSGVO",
        "RGPD",
        "HIPAA",
        "MFA",
        "OTP",
        "SMS",
        "MMS",
        "GPS",
        "LED",
        "LCD",
        "DVD",
        "CD",
        "TV",
        "DIY",
        "BBQ",
        "B2B",
        "B2C",
        "SaaS",
        "SLA",
        "TODO",
        "NULL",
        "NaN",
        "TRUE",
        "FALSE",
        "GET",
        "PUT",
        "POST",
        "PATCH",
        "DELETE",
        "README",
        "LICENSE",
        "MIT",
        "GPL",
    ]
)
"""Acronyms of money, forms, work and machines, and what stands in headers: never a name by themselves."""


@cache
def _ordinary() -> frozenset[str]:
    lines = files(__package__).joinpath("ordinary_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def without_ordinary(text: str, found: Iterable[Finding]) -> list[Finding]:
    """The findings of names but those of which every word is an acronym that names nobody, or a word of letters and forms."""
    return [
        each
        for each in found
        if each.entity not in SCORES or not all(map(_is_ordinary, _WORDS.findall(text, each.start, each.end)))
    ]


def _is_ordinary(word: str) -> bool:
    return word in _NO_NAMES or word.casefold() in _ordinary()


@cache
def _common_words() -> frozenset[str]:
    lines = files(__package__).joinpath("common_words.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def findings_of(text: str, spans: Iterable[Span]) -> Iterator[Finding]:
    """The model's spans as findings, cut where structure ends a name, and without what is none."""
    for start, end, label in spans:
        if (score := SCORES.get(label)) is None:
            continue
        for begin, finish in _cut(text, start, end, label):
            if _is_plausible(text[begin:finish], label):
                yield Finding(begin, finish, label, score, "language model")


def _cut(text: str, start: int, end: int, entity: str) -> Iterator[tuple[int, int]]:
    breaks = list(_BREAK.finditer(text, start, end))
    if entity == "ORGANIZATION":
        breaks = [match for match in breaks if match.group() != ", "]
    begin = start
    for finish, after in [*((match.start(), match.end()) for match in breaks), (end, end)]:
        piece = text[begin:finish]
        left = len(piece) - len(piece.lstrip(_EDGE))
        right = len(piece) - len(piece.rstrip(_EDGE))
        if begin + left < finish - right:
            yield begin + left, finish - right
            if entity in ("PERSON", "LOCATION"):
                return  # what comes after a line's end is another line's
        begin = after


def _is_plausible(text: str, entity: str) -> bool:
    if len(_LETTERS.findall(text)) < 2 or "@" in text:
        return False
    if text.islower() and any(word in _common_words() for word in text.split()):
        return False
    return entity not in ("PERSON", "NRP") or _DIGIT.search(text) is None
