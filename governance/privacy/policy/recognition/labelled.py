"""PURE: numbers of no form of their own, found beside the word that says what they are, in seven languages."""

import re
from collections.abc import Iterator

import re2

from governance.screening.policy.findings import Finding

_LINK = r"(?:[ \t]?(?:\([^()\n]{1,20}\)))?(?:[ \t_\-]?(?:numbers?|nummern?|numero|número|numéro|nr|no|num|núm|n[°º]|#|id|code))?\.?\"?\s{0,2}(?:(?:is|was|are|ist|lautet|war|es|è|é|est|ends with|:|=|-|#|\(|→)\s{0,3}){0,2}[\"'“]?"
_VALUE = (
    r"(?P<value>(?=[\w\-./ ]{0,14}\d)[A-Z0-9](?:[A-Za-z0-9]|[\-./](?=[A-Za-z0-9])|[ ](?=\d)){3,24})(?![\w@])"
)


def _kind(entity: str, words: str, value: str = _VALUE) -> tuple[str, str, re.Pattern[str]]:
    return entity, words, re.compile(rf"(?i:{_LINK}){value}{_NO_SUM}")


_NO_SUM = r"(?!\s?(?:[$€£%]|(?i:USD|EUR|CHF|GBP|dollars?|euros?|pounds?|francs?|items?|users?|people|times|bytes|rows)\b))"
_DIGITS = r"(?P<value>\d(?:[ .\-/]?\d){%d,%d})(?![\w@]|[.,]\d)"
_KINDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    _kind("US_SSN", r"ssn|social security|soc(?:ial)? sec", _DIGITS % (8, 8)),
    _kind("US_PASSPORT", r"passports?|reisepass\w*|passnummer|pass-nr|passeport|pasaporte|passaporto|paspoort\w*|passaporte"),
    _kind(
        "US_DRIVER_LICENSE",
        r"(?:my |her |his |your |the |their )?(?:driver'?s?|driving)[ '’\-]?(?:licen[cs]e|permit)s?|(?:my|her|his|your|their) licen[cs]e|licen[cs]e (?:number|no)|führerschein\w*|permis de conduire|permiso de conduc\w+|licencia de conduc\w+|carnet de conduc\w+|patente(?: di guida)?|rijbewijs\w*|carta de condução|cnh",
    ),
    _kind(
        "US_BANK_NUMBER",
        r"(?:bank |checking |savings |current )?accounts?|acct|a/c|konto(?:nummer|nr)?|numéro de compte|número de cuenta|numero di conto|rekeningnummer|número da conta",
    ),
    _kind("NATIONAL_ID", r"(?:national |identity |personal )?id(?:entity)? ?card|national id(?:entity)?(?: number)?|ausweis\w*|personalausweis\w*|carte d['’]identité|carta d['’]identità|documento de identidad|identiteitskaart|bilhete de identidade|cartão de cidadão|dni|nie|cpf|bsn|burgerservicenummer|codice fiscale|ahv(?:-nummer| nummer|-nr)?|avs|sozialversicherungsnummer|versicherungsnummer|numéro de sécurité sociale|nss|nif"),
    _kind("TAX_ID", r"tax(?:payer)?[ \-]?(?:id|identification|file|reference)|tin|ein|itin|utr|steuer(?:nummer|-?id|identifikationsnummer|-nr)|numéro fiscal|identifiant fiscal|partita iva|vat(?: registration)? (?:number|no|id)|ust-?id\w*|btw[ \-]?nummer|contribuinte"),
    _kind("PATIENT_ID", r"(?:my |her |his |the )?patient(?:'s|en)?(?:[ \-]?(?:id|number|no|nr|nummer|file|record))|patientennummer|mrn|medical record|health (?:card|insurance)|versichertennummer|krankenversichertennummer|insurance (?:policy|number|id)|policy (?:number|no)|numéro de patient|número de paciente|numero (?:del )?paziente|patiëntnummer|medicare|nhs"),
    _kind("IN_AADHAAR", r"aadh?aar|uidai|आधार", _DIGITS % (11, 11)),
    _kind("IN_PAN", r"pan", r"(?P<value>[A-Z]{5}[ \-]?\d{4}[ \-]?[A-Z])(?![\w@])"),
)  # fmt: skip
ENTITIES = tuple(dict.fromkeys(entity for entity, _, _ in _KINDS))
_WORDS = re2.compile("(?i)" + "|".join(f"({words})" for _, words, _ in _KINDS))
_NO_ACCOUNT = re.compile(r"(?i)[ _\-]?ids?(?![^\W_])")
"""Accounts of programs have ids, too."""
_YEAR = re.compile(r"(?:1[89]\d\d|20\d\d)")
_DATE = re.compile(
    r"(?:1[89]|20)\d\d[-/](?:1[89]|20)?\d\d|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
)


def labelled(text: str) -> Iterator[Finding]:
    """Account, licence, passport, patient, tax and identity numbers, whatever their form, right behind their word."""
    for word in _WORDS.finditer(_encodable(text)):
        if text[word.start() - 1 : word.start()].isalnum():
            continue
        entity, _, pattern = _KINDS[word.lastindex - 1]
        if entity == "US_BANK_NUMBER" and _NO_ACCOUNT.match(text, word.end()):
            continue
        match = pattern.match(text, word.end())
        if match is not None and _is_number(value := match["value"].rstrip(" ")):
            start = match.start("value")
            yield Finding(start, start + len(value), entity, 0.5, "numbers beside their word")


def _is_number(value: str) -> bool:
    digits = sum(map(str.isdecimal, value))
    return digits >= 4 and not _YEAR.fullmatch(value) and not _DATE.fullmatch(value)


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
