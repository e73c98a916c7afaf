"""PURE: secrets in a text: keys, tokens, private keys, passwords in addresses and assignments. In both directions."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from governance.screening.policy.findings import Finding

RULE = "secrets"
MIN_ENTROPY = 3.0
"""Bits for each character from which an assigned value is one that was drawn and not a word."""
_MIN_PASSWORD_LENGTH = 6


@dataclass(frozen=True, slots=True)
class SecretKind:
    """A kind of secret: what it looks like (the group `value`, or all), and how sure a hit is."""

    entity: str
    pattern: re.Pattern[str]
    score: float = 0.95
    guessed: bool = False
    """Whether only a value that looks drawn at random counts."""


_EDGE = r"(?<![A-Za-z0-9_\-])"
_END = r"(?![A-Za-z0-9_\-])"
_NAMES = (
    r"(?:[a-z0-9]{1,20}[_.\-]){0,4}(?:password|passwd|passphrase|pwd|secret|token|api[_\-]?key|apikey|access[_\-]?key|auth[_\-]?key|"
    r"private[_\-]?key|client[_\-]?secret|secret[_\-]?key|credentials?|passwort|kennwort|contrasena|senha|mot[_\-]de[_\-]passe)"
)


def _kind(entity: str, shape: str, **options: bool | float) -> SecretKind:
    return SecretKind(entity, re.compile(_EDGE + shape + _END), **options)  # type: ignore[arg-type]


KINDS: tuple[SecretKind, ...] = (
    _kind("GATEHOUSE_KEY", r"gh_[A-Za-z0-9]{12}_[A-Za-z0-9]{40}"),
    _kind("AWS_ACCESS_KEY_ID", r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ABIA|ACCA)[A-Z2-7]{16}"),
    SecretKind(
        "AWS_SECRET_KEY",
        re.compile(r"(?i:aws|secret)[^\n]{0,40}?[\"'=:\s](?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
        0.9,
        guessed=True,
    ),
    _kind("BEDROCK_API_KEY", r"(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/]{40,400}={0,2}"),
    _kind("GITHUB_TOKEN", r"(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,255})"),
    _kind("GITLAB_TOKEN", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_\-]{20,64}"),
    _kind("SLACK_TOKEN", r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}"),
    SecretKind(
        "SLACK_WEBHOOK", re.compile(r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{40,80}")
    ),
    _kind("STRIPE_KEY", r"(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,250}"),
    _kind("ANTHROPIC_KEY", r"sk-ant-[A-Za-z0-9_\-]{20,200}"),
    _kind("OPENAI_KEY", r"sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_\-]{20,250}", guessed=True),
    _kind("GOOGLE_KEY", r"(?:AIza[A-Za-z0-9_\-]{35}|ya29\.[A-Za-z0-9_\-]{20,300}|GOCSPX-[A-Za-z0-9_\-]{28})"),
    SecretKind(
        "AZURE_KEY", re.compile(r"(?i:AccountKey|SharedAccessKey)=(?P<value>[A-Za-z0-9+/]{40,100}={0,2})")
    ),
    SecretKind("AZURE_SIGNATURE", re.compile(r"[?&]sig=(?P<value>[A-Za-z0-9%+/]{40,100}(?:%3[Dd]|=)?)")),
    _kind("TWILIO_KEY", r"(?:SK|AC)[0-9a-f]{32}"),
    _kind("SENDGRID_KEY", r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}"),
    _kind("NPM_TOKEN", r"npm_[A-Za-z0-9]{36}"),
    _kind("PYPI_TOKEN", r"pypi-[A-Za-z0-9_\-]{40,250}"),
    _kind("HUGGING_FACE_TOKEN", r"hf_[A-Za-z]{30,40}"),
    _kind("DIGITALOCEAN_TOKEN", r"do[opr]_v1_[a-f0-9]{64}"),
    _kind("TELEGRAM_TOKEN", r"\d{8,10}:AA[A-Za-z0-9_\-]{33}"),
    _kind("JWT", r"eyJ[A-Za-z0-9_\-]{10,2000}\.eyJ[A-Za-z0-9_\-]{10,4000}\.[A-Za-z0-9_\-]{10,1000}"),
    SecretKind(
        "PRIVATE_KEY",
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,60000}"
            r"(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
        1.0,
    ),
    SecretKind(
        "CONNECTION_STRING",
        re.compile(
            r"(?<![A-Za-z0-9])[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,80}:(?P<value>[^\s/@\"'<>]{3,120})@[A-Za-z0-9\[]"
        ),
        0.9,
    ),
    SecretKind(
        "ASSIGNED_SECRET",
        re.compile(
            r"(?i:(?<![A-Za-z0-9])"
            + _NAMES
            + r")[\"']?[ \t]{0,3}(?::|=>|:=|=|\bis\b|\bist\b)[ \t]{0,3}[\"'`]?(?P<value>[^\s\"'`<>,;(){}\[\]]{6,200})"
        ),
        0.7,
        guessed=True,
    ),
)

# One look at the whole text for what every kind needs: most texts have none of it.
_WORTH_A_LOOK = re2.compile(
    r"gh[a-z]?_|github_pat_|gl[a-z]{2,4}-|xox[a-z]-|hooks\.slack|[sr]k_|whsec_|sk-|AIza|ya29\.|GOCSPX|A(?:KIA|SIA|ROA|IDA|GPA|BIA|CCA|BSK)|"
    r"bedrock-api-key|[?&]sig=|(?:SK|AC)[0-9a-f]{32}|SG\.|npm_|pypi-|hf_|do[opr]_v1|:AA|eyJ|PRIVATE KEY|://[^\s/@]{0,200}@|"
    r"(?i:passw|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|credential|kennwort|contrasena|senha|"
    r"mot[_-]de[_-]passe|accountkey|sharedaccesskey|aws)"
)
_PLACEHOLDER = re.compile(
    r"(?i)\A(?:x+|\*+|\.+|your.*|my.*|<.*|\$.*|%.*|example.*|.*example|changeme|placeholder|null|none|true|false|undefined|"
    r"required|optional|string|password|secret|token|redacted|test|os\..*|process\.env.*|env\..*|self\..*|request\..*|config\..*|"
    r"settings\..*|[a-z]+(?:[_.\-][a-z]+)*)[.!?:)]*\Z"
)


def find_secrets(text: str) -> tuple[Finding, ...]:
    """Secrets in order, none overlapping another. Any str, in linear time."""
    if _WORTH_A_LOOK.search(_encodable(text)) is None:
        return ()
    found: list[Finding] = []
    taken = bytearray(len(text))
    for finding in _hits(text):
        if not any(taken[finding.start : finding.end]):
            found.append(finding)
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    return tuple(sorted(found, key=lambda finding: finding.start))


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _hits(text: str) -> Iterator[Finding]:
    """The more certain kinds first: where two overlap, they win."""
    for kind in KINDS:
        group = "value" if "value" in kind.pattern.groupindex else 0
        for match in kind.pattern.finditer(text):
            value = match[group]
            if not kind.guessed or _looks_drawn(value, password=kind.entity == "ASSIGNED_SECRET"):
                yield Finding(match.start(group), match.end(group), kind.entity, kind.score, RULE)


def _looks_drawn(value: str, *, password: bool) -> bool:
    """Whether a value was drawn at random or made up as a password, rather than being a word or a stand-in."""
    if _PLACEHOLDER.match(value):
        return False
    kinds = sum(
        any(test(letter) for letter in value)
        for test in (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    )
    if password and _MIN_PASSWORD_LENGTH <= len(value) < 16:
        return kinds >= 3 or (kinds == 2 and any(map(str.isdigit, value)) and entropy(value) >= 2.5)
    return kinds >= 2 and entropy(value) >= MIN_ENTROPY


def entropy(value: str) -> float:
    """Bits for each character, by how often each occurs."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values()) if size else 0.0
