"""PURE: e-mail addresses: under public domains, under the names that networks of one's own have, and as people write them out."""

import re
from collections.abc import Iterator

import re2

from governance.privacy.policy.recognition.presidio import is_public_domain, public_emails
from governance.screening.policy.findings import Finding

_INTERNAL_ENDINGS = r"(?:internal|intern|local|localdomain|lan|corp|home|intranet|intra|private|priv|example|test|invalid|office|ad|domain|net\.local)"
_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
_LOCAL = r"(?<![\w.+%/@:\-])(?:mailto:)?(?P<local>[\w.!#$%&'*+/=?^`{|}~\-]{1,64})"
_INTERNAL = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.){{1,5}}{_INTERNAL_ENDINGS}(?![\w\-]|\.\w)", re.IGNORECASE)
_BARE = re.compile(rf"{_LOCAL}@(?P<host>{_LABEL})(?![\w\-@:/(]|\.\w)")
_SAYS_MAIL = re.compile(
    r"(?i)(?:\be-?mails?|\bmails?|mailto|\bcontacts?|\bkontakt|\bfrom|\bto|\bcc|\bbcc|\breply-to|\bsender|\brecipient|\bcorreo|\bcourriel|\bposta|\bwrite|\bschreib\w*|\bvon|\ban)\b(?: (?:me|us|is|at|to|an|address|adresse))?\W{1,4}$"
)
_GIT = re.compile(r"(?:git|hg|svn)@[\w.\-]+:")

_AT_SIGNS = r"(?:\s?[\[({<]\s?(?:at|@|ät|arroba|chiocciola|arobase|apenstaart(?:je)?|klammeraffe)\s?[\])}>]\s?|\s(?:arroba|chiocciola|arobase|apenstaart(?:je)?|klammeraffe|ät)\s|_at_|@)"
_DOT_WORDS = r"(?:\s?[\[({]\s?(?:dot|\.|punkt|punto|point|punt|ponto|d0t)\s?[\])}]\s?|\s(?:dot|punkt|punto|point|punt|ponto)\s|_dot_)"
_DOT = rf"(?:{_DOT_WORDS}|\.)"
_PART = r"[^\W_](?:[\w+\-]{0,40}[^\W_])?"
_WRITTEN_LOCAL = rf"(?<![\w.@])(?P<local>{_PART}(?:{_DOT}{_PART}){{0,3}})"
_WRITTEN = (
    re.compile(
        rf"{_WRITTEN_LOCAL}(?P<at>{_AT_SIGNS})(?P<domain>{_LABEL}(?:{_DOT}{_LABEL}){{1,3}})(?![\w@])",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_WRITTEN_LOCAL}(?P<at>\sat\s)(?P<domain>{_LABEL}(?:{_DOT_WORDS}{_LABEL}){{1,3}})(?![\w@])",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_WRITTEN_LOCAL}(?P<at>\s@\s?|\s?@\s|\sat\s)(?P<domain>{_LABEL}(?:\.{_LABEL}){{1,3}})(?![\w@])",
        re.IGNORECASE,
    ),
)
_WORTH_A_LOOK = re2.compile(
    r"(?i)[\[({<]\s?(?:at|@|ät|arroba|chiocciola|arobase|apenstaart|klammeraffe)|\s(?:arroba|chiocciola|arobase|apenstaart|klammeraffe|ät)|_at_|@\s|\s@|[\[({]\s?(?:\.|dot|punkt|punto|point|punt|ponto)\s?[\])}]"
    r"|\sdot\s|_dot_|mail[^\n]{0,60}\sat\s\S+\.\w"
)
_DOTS = re.compile(_DOT_WORDS, re.IGNORECASE)
_NO_LOCALS_LIST = (
    "look looks looked looking available work works working worked shop shopping buy meet find found us me him her them it is was be here online live visit anyone someone "
    "people team sign order hosted based located stay engineer employee manager site page more now and or back home out up in on that this you directly developer everyone "
)
_NO_LOCALS = frozenset(_NO_LOCALS_LIST.split())


def emails(text: str) -> Iterator[Finding]:
    """Addresses with their sign, and those written out."""
    if "@" in text:
        for finding in public_emails(text):
            if _GIT.match(text, finding.start) is None:
                yield finding
        for match in _INTERNAL.finditer(text):
            if text[max(0, match.start() - 2) : match.start()] != "//":
                yield Finding(match.start("local"), match.end(), "EMAIL_ADDRESS", 0.85, "e-mail addresses")
        for match in _BARE.finditer(text):
            if _SAYS_MAIL.search(text, max(0, match.start() - 24), match.start()) or match.group().startswith(
                "mailto:"
            ):
                yield Finding(match.start("local"), match.end(), "EMAIL_ADDRESS", 0.6, "e-mail addresses")
    if _WORTH_A_LOOK.search(text if text.isascii() else text.encode("utf-8", "replace").decode()) is not None:
        yield from _written_out(text)


def _written_out(text: str) -> Iterator[Finding]:
    for number, pattern in enumerate(_WRITTEN):
        for match in pattern.finditer(text):
            local, domain = match["local"], _DOTS.sub(".", match["domain"])
            if match["at"] == "@" and domain == match["domain"]:
                continue  # with its sign alone it is an address as any other
            is_weak = number > 0
            if is_weak and local.split()[-1].casefold() in _NO_LOCALS:
                continue
            if number == 2 and not _is_mail(text, match, local):
                continue
            if is_public_domain(domain) or re.fullmatch(rf".*\.{_INTERNAL_ENDINGS}", domain, re.IGNORECASE):
                yield Finding(*match.span(), "EMAIL_ADDRESS", 0.6, "e-mail addresses written out")


def _is_mail(text: str, match: re.Match[str], local: str) -> bool:
    """Of "jane @ example.org" and "jane.roe at example.org": whether a word says that it is mail, or the name is one."""
    says = re.search(
        r"(?i)mail|contact|reach|write|address|kontakt|correo|courriel",
        text[max(0, match.start() - 40) : match.start()],
    )
    return says is not None or ("@" in match["at"] and "." in local)
