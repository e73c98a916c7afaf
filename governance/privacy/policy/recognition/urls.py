"""PURE: web addresses."""

import re
from collections.abc import Iterator

from governance.screening.policy.findings import Finding

_URL = re.compile(r"(?i:\bhttps?://|\bftp://|\bwww\.)[^\s<>\"'`{}|\\^]{3,2000}")
_BARE = re.compile(r"(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}(?:com|org|net|edu|gov|io|ai|dev|app|co|uk|de|fr|es|it|nl|eu|ch|at|se|no|dk|fi|pl|cz|pt|be|ie|jp|cn|in|br|au|ca|us|info|biz)(?:/[^\s<>\"'`{}|\\^]{0,500})?(?![\w@-])", re.IGNORECASE)  # fmt: skip
_TAIL = ".,;:!?)]*_"


def urls(text: str) -> Iterator[Finding]:
    """Addresses with a scheme or www, and bare domains under well-known endings."""
    if "://" in text or "www." in text.lower():
        for match in _URL.finditer(text):
            yield Finding(
                match.start(), match.start() + len(match.group().rstrip(_TAIL)), "URL", 0.8, "web addresses"
            )
    if "." in text:
        for match in _BARE.finditer(text):
            yield Finding(
                match.start(), match.start() + len(match.group().rstrip(_TAIL)), "URL", 0.5, "web addresses"
            )
