"""PURE: which of Presidio's pattern recognizers are asked. Importing Presidio takes a second: only who asks imports this."""

from typing import Any

import tldextract

from governance.privacy.policy.recognition.without_models import without_language_models

with without_language_models():
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer import predefined_recognizers as predefined

_LOCALES = [
    "Au",
    "Ca",
    "De",
    "Es",
    "Fi",
    "In",
    "It",
    "Kr",
    "Ng",
    "Ph",
    "Pl",
    "Se",
    "Sg",
    "Th",
    "Tr",
    "Uk",
    "Us",
    "Za",
]
_OTHERS = ("AbaRoutingRecognizer", "MedicalLicenseRecognizer", "NhsRecognizer", "CryptoRecognizer", "MacAddressRecognizer", "IpRecognizer")  # fmt: skip
_LEFT_OUT = frozenset(("UkPostcodeRecognizer", "CaPostalCodeRecognizer", "DePlzRecognizer", "UsHealthInsuranceMemberIdRecognizer"))  # fmt: skip


class OfflineEmailRecognizer(predefined.EmailRecognizer):
    """Presidio's, with the list of top-level domains that the package ships instead of one fetched at run time."""

    _extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        return self._extract(pattern_text).fqdn != ""


def of_identifiers() -> tuple[PatternRecognizer, ...]:
    """Those of numbers and addresses of machines, with the patterns that are safe to ask."""
    names = [
        name
        for name in dir(predefined)
        if name in _OTHERS
        or (
            name.endswith("Recognizer")
            and name[:2] in _LOCALES
            and name[2].isupper()
            and name not in _LEFT_OUT
        )
    ]
    made: list[Any] = [getattr(predefined, name)() for name in names]
    made = [each for each in made if isinstance(each, PatternRecognizer)]
    for recognizer in made:
        # A pattern that looks to the line's end from every word takes the square of its length, and finds any word.
        recognizer.patterns = [each for each in recognizer.patterns if "(?=.*" not in each.regex]
    return tuple(made)
