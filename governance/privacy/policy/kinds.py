"""PURE: the kinds of data that are built in, as people read them."""

from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES, PATTERN_ENTITIES

_TITLES = {
    "EMAIL_ADDRESS": "E-mail address", "PHONE_NUMBER": "Phone number", "CREDIT_CARD": "Payment card", "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP address", "MAC_ADDRESS": "MAC address", "CRYPTO": "Cryptocurrency wallet", "URL": "Web address",
    "PERSON": "Name of a person", "LOCATION": "Place", "ORGANIZATION": "Organisation", "NRP": "Nationality, religion or politics",
    "DATE_TIME": "Date or time", "STREET_ADDRESS": "Street address", "ZIP_CODE": "Postal code", "AGE": "Age", "TITLE": "Form of address",
    "SYSTEM_PROMPT": "the system prompt", "SECRET": "Secret: API key, token, private key, password", "MEDICAL_LICENSE": "Medical licence (US)", "US_SSN": "Social security number (US)",
    "ABA_ROUTING_NUMBER": "Bank routing number (US)", "NATIONAL_ID": "Identity number", "TAX_ID": "Tax number", "PATIENT_ID": "Patient or health insurance number",
}  # fmt: skip
_COUNTRIES = {
    "AU": "Australia", "CA": "Canada", "DE": "Germany", "ES": "Spain", "FI": "Finland", "IN": "India", "IT": "Italy", "KR": "Korea",
    "NG": "Nigeria", "PH": "Philippines", "PL": "Poland", "SE": "Sweden", "SG": "Singapore", "TH": "Thailand", "TR": "Turkey",
    "UK": "UK", "US": "US", "ZA": "South Africa",
}  # fmt: skip
_SHORT = frozenset(["ABN", "ACN", "TFN", "SIN", "ID", "NIE", "NIF", "PAN", "NINO", "NHS", "SSN", "ITIN", "MBI", "NPI", "UEN", "FIN", "NRIC", "PESEL", "TIN", "UMID", "BSNR", "LANR", "KFZ", "VAT", "BRN", "RRN", "FRN", "NIN", "GSTIN", "TNIN"])  # fmt: skip

SECRET = "SECRET"  # noqa: S105 - a kind's name
KINDS: tuple[str, ...] = tuple(sorted({*PATTERN_ENTITIES, *LANGUAGE_ENTITIES, SECRET}))
"""Every kind that a rule without patterns can speak of."""


def title(entity: str) -> str:
    """A kind in words, such as “Passport (Germany)”; a kind of an admin's own as it is."""
    if (known := _TITLES.get(entity)) is not None:
        return known
    country, _, rest = entity.partition("_")
    if entity not in KINDS or country not in _COUNTRIES:
        return entity
    words = [word if word in _SHORT else word.lower() for word in rest.split("_")]
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]} ({_COUNTRIES[country]})"
