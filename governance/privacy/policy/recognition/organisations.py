"""PURE: organisations by what their names end in and what is said before them."""

import re
from collections.abc import Iterator

from governance.screening.policy.findings import Finding

_WORD = r"(?:[^\W\d_a-zß-ÿ][\w'’&.\-]*)"
_FORM = r"(?:Inc|Incorporated|LLC|L\.L\.C|LLP|Ltd|Limited|Corp|Corporation|Company|Co|GmbH|AG|KG|SE|S\.A|SA|SARL|S\.r\.l|SpA|S\.p\.A|BV|B\.V|NV|N\.V|AB|AS|A/S|Oy|Oyj|PLC|plc|Pty|Holdings?|Group|Partners|Associates|Technologies|Technology|Systems|Software|Solutions|Services|Consulting|Industries|Enterprises|Laboratories|Labs|Pharmaceuticals|Bank|Bancorp|Insurance|University|College|Institute|Foundation|Agency|Association|Orchestra|Hospital|Clinic|Ministry|Airlines|Airways|Motors|Media|Networks|Analytics|Capital|Ventures|Logistics|Sons|Brothers|Bros|Records|Entertainment|Pictures|Studios|Productions|Publishing|Publishers|Society|Council|Committee|Commission|Federation|League|Party|Club|Army|Navy|Corps|Regiment|Police|Academy|Museum|Theatre|Department|Authority|Bureau|Alliance|Trust|Symphony|Philharmonic)"
_NAMED = re.compile(rf"(?<![\w.])(?:{_WORD},?[ ](?:(?:and|of|&|for)[ ])?){{1,5}}{_FORM}\b\.?")
_ABBREVIATED = re.compile(r"(?:Inc|Corp|Co|Ltd|Bros|L\.L\.C|S\.A|S\.r\.l|S\.p\.A|B\.V|N\.V)\.$")
_CLUB = re.compile(
    rf"(?<![\w.])(?:(?:(?:1\. )?FC|AFC|VfB|VfL|TSV|TSG|SSV|SpVgg|RCD|SSC|KRC)[ ]{_WORD}(?:[ ]{_WORD})?|(?:{_WORD}[ ]){{1,3}}(?:FC|F\.C\.|AFC|CF|C\.F\.|HC|RFC))(?!\w)"
)
_FIRM = re.compile(rf"(?<![\w.]){_WORD}, {_WORD}(?:,)? (?:and|&) {_WORD}(?![\w])")
_EMPLOYER = re.compile(
    r"\b(?i:work(?:s|ed|ing)? (?:for|at|with)|employed (?:by|at)|employee of|CEO of|CTO of|CFO of|founder of|founded|joined|president of|director (?:of|at)|manager at|engineer at|intern(?:ed)? at|offices? of|customer of|recorded for|invoice from|headquarters of|spent a year at)"
    rf"\s({_WORD}(?:[ ](?:(?:of|and|&|the)[ ])?{_WORD}){{0,3}})"
)
_NOT = frozenset(
    [
        "The",
        "A",
        "An",
        "My",
        "His",
        "Her",
        "Their",
        "Our",
        "This",
        "That",
        "I",
        "We",
        "You",
        "He",
        "She",
        "It",
        "And",
        "Of",
    ]
)


def organisations(text: str) -> Iterator[Finding]:
    """Names with a legal form or a kind of organisation at their end, of clubs, of partners, and of employers."""
    for match in _NAMED.finditer(text):
        start = match.start()
        first = match.group().split()[0]
        if first in _NOT:
            start += len(first) + 1
        end = match.end()
        if text[end - 1] == "." and _ABBREVIATED.search(match.group()) is None:
            end -= 1  # the sentence's
        yield Finding(start, end, "ORGANIZATION", 0.6, "organisations")
    for match in _CLUB.finditer(text):
        yield Finding(*match.span(), "ORGANIZATION", 0.6, "organisations")
    for match in _FIRM.finditer(text):
        if _is_firm(text, match.end()):
            yield Finding(*match.span(), "ORGANIZATION", 0.5, "organisations")
    for match in _EMPLOYER.finditer(text):
        if match.group(1).split()[0] not in _NOT:
            yield Finding(*match.span(1), "ORGANIZATION", 0.5, "organisations")


def _is_firm(text: str, end: int) -> bool:
    # Three names in a row are people, unless the sentence goes on as it does of a company.
    return (
        re.match(
            r"(?:\s*$|\s*\n|[ ](?:is (?:an?|the)|was founded|has|employs|announced|office|Orchestra|invested|songwriter)\b)",
            text[end : end + 20],
        )
        is not None
    )


def is_abbreviation(name: str) -> bool:
    """Whether this is an acronym of everyday and office life, which names nobody."""
    return name.strip(".:'’s ").upper() in _ABBREVIATIONS


_ABBREVIATIONS_LIST = (
    "IBAN SSN ATM ASAP CHF EUR USD GBP JPY VAT PIN PAN CVV CVC BIC SEPA ID IDS URL URI API HTTP HTTPS JSON XML CSV PDF SQL HTML CSS CEO CTO CFO COO CIO CISO HR PR FAQ RSVP FYI "
    "TBD TBA NA N/A ETA DOB DNI NIE NIF PO POB ZIP PLZ AHV AVS IP MAC TEL FAX GDPR DSGVO RGPD BTW PS CC BCC RE FW AW AM PM UTC GMT CET EST PST OK OKAY DIY VIP AKA ISBN ISSN "
    "DOI EAN SKU UPC VIN IMEI GPS SMS MMS USB CPU GPU RAM PC TV LED CV AG-NR NR NO KG GB MB TB KM CM MM TIN EIN ITIN MRN NPI DEA NHS-NR USTID IVA TVA MWST UST STNR KTO BLZ QR "
    "OTP MFA SSO CAPTCHA LLM AI ML NLP SDK IDE CLI GUI UI UX QA KPI OKR ROI SLA NDA RFP RFQ POC MVP B2B B2C SAAS CRM ERP HRIS PTO WFH EOD EOM EOB COB YTD MTD Q1 Q2 Q3 Q4 FY "
    "BMI DNA RNA HIV COVID COVID-19 MRI ECG EKG ICU ER "
)
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_LIST.split())
