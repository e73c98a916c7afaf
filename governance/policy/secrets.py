"""PURE: credentials in text: keys and tokens by their form, private keys, passwords in addresses and assignments."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from governance.policy.findings import Finding

_KNOWN = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?P<aws_key_id>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})"
    r"|(?P<github>gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})"
    r"|(?P<gitlab>gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_\-]{20,64})"
    r"|(?P<slack>xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250})"
    r"|(?P<stripe>(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9]{32,64})"
    r"|(?P<anthropic>sk-ant-[A-Za-z0-9_\-]{20,255})"
    r"|(?P<openai>sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,255})"
    r"|(?P<google>AIza[A-Za-z0-9_\-]{35}|ya29\.[A-Za-z0-9_\-]{20,500}|GOCSPX-[A-Za-z0-9_\-]{28})"
    r"|(?P<gatehouse>gh_[a-z0-9]{6,32}_[A-Za-z0-9_\-]{20,128})"
    r"|(?P<twilio>(?:AC|SK)[0-9a-f]{32})"
    r"|(?P<sendgrid>SG\.[A-Za-z0-9_\-]{20,24}\.[A-Za-z0-9_\-]{39,50})"
    r"|(?P<npm>npm_[A-Za-z0-9]{36})"
    r"|(?P<pypi>pypi-[A-Za-z0-9_\-]{50,255})"
    r"|(?P<huggingface>hf_[A-Za-z0-9]{30,64})"
    r"|(?P<jwt>eyJ[A-Za-z0-9_\-]{10,2000}\.eyJ[A-Za-z0-9_\-]{10,4000}\.[A-Za-z0-9_\-]{10,1000})"
    r")(?![A-Za-z0-9])"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{0,12000}(?:-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_IN_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:/@]{1,100}:([^\s:/@]{3,200})@")
_ASSIGNED = re.compile(
    r"(?i:pass(?:word|wd|phrase)?|pwd|secret(?:[_ -]?(?:access)?[_ -]?key)?|api[_ -]?key|access[_ -]?(?:key|token)|auth[_ -]?token|client[_ -]?secret|private[_ -]?key|token|credential)s?"
    r"[\"']?(?:\s{0,3}(?:=>|:=|[:=])\s{0,3}|\s+(?:is|are)\s+)[\"']?([^\s\"',;}{)(<>]{6,200})"
)
_MIGHT = re.compile(
    r"A[KSBC][IC]A|gh[pousr_]|github_pat|gl[a-z]{2,4}-|xox|xapp-|[srp]k[-_]|whsec|AIza|ya29|GOCSPX|(?:AC|SK)[0-9a-f]{8}|SG\.|npm_|pypi-|hf_|eyJ"
)
_MIGHT_BE_ASSIGNED = re.compile(r"(?i:pass|pwd|secret|key|token|credential)")
_LEAST_BITS = 2.8
_NO_SECRETS = re.compile(
    r"(?i:^(?:none|null|true|false|undefined|your|my|the|example|changeme|xxx|\*+|\.{3}|\$\{?\w+\}?|<.*|process\.env.*|os\.environ.*|getenv.*|string|str|password|secret|token|required|optional|not|null,?)\b.*$|^[a-z_.]+\(.*$)"
)


def secrets(text: str) -> list[Finding]:
    """Credentials of any kind; `rule` says which."""
    return list(_found(text))


def _found(text: str) -> Iterator[Finding]:
    if _MIGHT.search(text) is not None:
        for match in _KNOWN.finditer(text):
            yield Finding(
                *match.span(), "SECRET", 0.95, f"secrets: {(match.lastgroup or '').replace('_', ' ')}"
            )
    if "-----BEGIN" in text:
        for match in _PRIVATE_KEY.finditer(text):
            yield Finding(*match.span(), "SECRET", 1.0, "secrets: private key")
    if "://" in text and "@" in text:
        for match in _IN_ADDRESS.finditer(text):
            yield Finding(*match.span(1), "SECRET", 0.8, "secrets: password in an address")
    if _MIGHT_BE_ASSIGNED.search(text) is not None:
        for match in _ASSIGNED.finditer(text):
            value = match.group(1).rstrip(".")
            if _is_secret(value):
                yield Finding(match.start(1), match.start(1) + len(value), "SECRET", 0.6, "secrets: assigned")


def _is_secret(value: str) -> bool:
    """Whether a value looks chosen or made to be secret, rather than a word, a variable or an example."""
    if len(value) < 6 or _NO_SECRETS.match(value):
        return False
    kinds = sum(
        any(test(letter) for letter in value)
        for test in (str.islower, str.isupper, str.isdecimal, lambda letter: not letter.isalnum())
    )
    return (
        kinds >= 2
        and any(map(str.isalpha, value))
        and _bits(value) >= _LEAST_BITS
        and (any(map(str.isdecimal, value)) or kinds >= 3)
    )


def _bits(value: str) -> float:
    """Shannon's entropy of its letters, in bits a letter."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
