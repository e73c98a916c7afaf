"""PURE: social security numbers of the United States by their form: 3-2-4 digits with hyphens."""

import re
from collections.abc import Iterator

from governance.screening.policy.findings import Finding

_NUMBER = re.compile(r"(?<![\w\-.])(?!000|666|9(?!87-65-43))\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w\-]|\.\d)")


def social_security_numbers(text: str) -> Iterator[Finding]:
    """Those that could have been given out, and the samples that everybody types. Without hyphens a word has to stand beside."""
    if "-" in text:
        for match in _NUMBER.finditer(text):
            yield Finding(*match.span(), "US_SSN", 0.85, "social security numbers")
