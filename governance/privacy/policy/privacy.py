"""PURE: what a privacy policy says, and how the policies of several levels are one.

A policy is looked at as a whole: its rules for personal data, its screening for injected instructions, and what of a
call's content is kept. Where several apply (organisation, team, application), each rule of each holds, and wherever two
disagree the stricter one wins: no level can loosen what another one sets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import msgspec

Action = Literal["", "log", "mask", "hash", "redact", "block"]
ACTIONS: tuple[Action, ...] = ("", "log", "mask", "hash", "redact", "block")
"""What is done with a finding, from the mildest: nothing; counted; a placeholder that the answer turns back; a keyed hash,
never turned back; removed, only its kind named; the call refused or the answer ended."""

ScreeningAction = Literal["", "log", "flag", "strip", "block"]
SCREENING_ACTIONS: tuple[ScreeningAction, ...] = ("", "log", "flag", "strip", "block")
"""What is done with text that gives the model orders, from the mildest: not looked for; recorded; put before reviewers;
the sentences taken out; the call refused."""

Overload = Literal["patterns", "block"]
OVERLOADS: tuple[Overload, ...] = ("patterns", "block")
Bodies = Literal["", "raw", "redacted", "none"]
BODIES: tuple[Bodies, ...] = ("", "raw", "redacted", "none")
"""What is kept of requests and answers, from the mildest: not said; also as they were, encrypted; redacted only; nothing."""

Documents = Literal["pass", "read", "refuse"]
DOCUMENTS: tuple[Documents, ...] = ("pass", "read", "refuse")
"""What is done with PDF and Word documents in a request, from the mildest: sent unread; read, and sent as their masked text
where something is found, those that can't be read being refused; all refused."""

DEFAULT_THRESHOLD = 0.4

Choice = TypeVar("Choice", bound=str)


class PrivacyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look for and what to do with it, by direction. Without patterns and deny list: a kind that is built in."""

    entity: str
    threshold: float = DEFAULT_THRESHOLD
    to_model: Action = "mask"
    to_client: Action = ""
    to_log: Action = "mask"
    patterns: tuple[str, ...] = ()
    """Regular expressions in RE2's syntax, matched in linear time."""
    deny: tuple[str, ...] = ()
    """Words and phrases that are always found, whatever their case."""
    allow: tuple[str, ...] = ()
    """Values that this rule does not find, whatever their case."""
    context: tuple[str, ...] = ()
    """Words of which one must stand near a match of a pattern."""
    checksum: str = ""
    languages: tuple[str, ...] = ()
    """Languages of the texts the rule is for, as two letters; none: all."""

    @property
    def is_custom(self) -> bool:
        return bool(self.patterns or self.deny)


class Screening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with injected instructions, by where the text comes from. Thresholds are scores from 0 to 1."""

    user: ScreeningAction = "log"
    document: ScreeningAction = "log"
    tool: ScreeningAction = "log"
    flag_at: float = 0.5
    block_at: float = 0.9
    delimit: bool = False
    """Whether all that users send stands between marks."""
    delimit_outside: bool = False
    """Whether what comes from elsewhere does: documents, results of tools, context and variables of prompts."""
    canary: bool = False
    leak: ScreeningAction = "log"
    """What is done when an answer repeats the system prompt or its canary: log, flag or block."""
    links: ScreeningAction = ""
    """What is done with links and images in an answer whose address carries data away."""


class PolicyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one policy."""

    rules: tuple[PrivacyRule, ...] = ()
    names: bool = False
    """Whether people, places and organisations are looked for with the language model."""
    overload: Overload = "patterns"
    """What happens to a call when the language model is busy or down: only patterns, or refused."""
    guardrail: str = ""
    """A Bedrock guardrail to ask as well: its id or ARN."""
    guardrail_version: str = "DRAFT"
    guardrail_failure: Overload = "block"
    screening: Screening = Screening()
    bodies: Bodies = ""
    sample_percent: int = 100
    other_model: str = ""
    """The route that is asked once when an answer would be ended; none: it is ended."""
    documents: Documents = "pass"


@dataclass(frozen=True, slots=True)
class InForce:
    """A version that applies: whose it is, in words, its number, and what it says."""

    owner: str
    number: int
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class Effective:
    """All that applies to a call, as one."""

    sources: tuple[tuple[str, int], ...] = ()
    """The versions in force: (owner, number)."""
    rules: tuple[tuple[str, PrivacyRule], ...] = ()
    """Each rule with its owner."""
    names: bool = False
    overload: Overload = "patterns"
    guardrails: tuple[tuple[str, str], ...] = ()
    guardrail_failure: Overload = "patterns"
    screening: Screening = field(default_factory=Screening)
    bodies: Bodies = "redacted"
    sample_percent: int = 100
    other_model: str = ""
    documents: Documents = "pass"


def stricter(order: Sequence[Choice], *choices: Choice) -> Choice:
    """The strictest of some choices, by their order from the mildest."""
    return max(choices, key=order.index)


def combined(versions: Iterable[InForce]) -> Effective:
    """What holds where all these versions apply, of which there is one at least. Raw bodies are kept only where one says so and
    none says less."""
    several = list(versions)
    documents = [each.document for each in several]
    return Effective(
        sources=tuple((each.owner, each.number) for each in several),
        rules=tuple((each.owner, rule) for each in several for rule in each.document.rules),
        names=any(each.names for each in documents),
        overload=stricter(OVERLOADS, *(each.overload for each in documents)),
        guardrails=tuple(
            dict.fromkeys((each.guardrail, each.guardrail_version) for each in documents if each.guardrail)
        ),
        guardrail_failure=stricter(OVERLOADS, *(each.guardrail_failure for each in documents)),
        screening=_screening([each.screening for each in documents]),
        bodies=stricter(BODIES, *(each.bodies for each in documents)) or "redacted",
        sample_percent=min(each.sample_percent for each in documents),
        other_model=_other_model(documents),
        documents=stricter(DOCUMENTS, *(each.documents for each in documents)),
    )


def extended(effective: Effective, added: InForce) -> Effective:
    """What holds where one more version applies."""
    document = added.document
    guardrails = ((document.guardrail, document.guardrail_version),) if document.guardrail else ()
    return replace(
        effective,
        sources=(*effective.sources, (added.owner, added.number)),
        rules=(*effective.rules, *((added.owner, rule) for rule in document.rules)),
        names=effective.names or document.names,
        overload=stricter(OVERLOADS, effective.overload, document.overload),
        guardrails=tuple(dict.fromkeys((*effective.guardrails, *guardrails))),
        guardrail_failure=stricter(OVERLOADS, effective.guardrail_failure, document.guardrail_failure),
        screening=_screening([effective.screening, document.screening]),
        bodies=stricter(BODIES, effective.bodies, document.bodies),
        sample_percent=min(effective.sample_percent, document.sample_percent),
        other_model=_other_model((effective, document)),
        documents=stricter(DOCUMENTS, effective.documents, document.documents),
    )


def ends_answers(policy: PolicyDocument | Effective) -> bool:
    """Whether something that it says can end an answer."""
    rules = policy.rules if isinstance(policy, PolicyDocument) else (rule for _, rule in policy.rules)
    screening = policy.screening
    return "block" in (screening.leak, screening.links) or any(rule.to_client == "block" for rule in rules)


def _other_model(policies: Sequence[PolicyDocument | Effective]) -> str:
    """To end an answer is stricter than to ask another model: one that ends answers and names no model means that. Of several
    that are named, the first holds, which is the organisation's."""
    if any(not each.other_model and ends_answers(each) for each in policies):
        return ""
    return next((each.other_model for each in policies if each.other_model), "")


def _screening(several: Sequence[Screening]) -> Screening:
    return Screening(
        user=stricter(SCREENING_ACTIONS, *(each.user for each in several)),
        document=stricter(SCREENING_ACTIONS, *(each.document for each in several)),
        tool=stricter(SCREENING_ACTIONS, *(each.tool for each in several)),
        flag_at=min(each.flag_at for each in several),
        block_at=min(each.block_at for each in several),
        delimit=any(each.delimit for each in several),
        delimit_outside=any(each.delimit_outside for each in several),
        canary=any(each.canary for each in several),
        leak=stricter(SCREENING_ACTIONS, *(each.leak for each in several)),
        links=stricter(SCREENING_ACTIONS, *(each.links for each in several)),
    )


def decode_policy(value: Any) -> PolicyDocument:
    """A document from its JSON value. msgspec.ValidationError, with the place, where it is none."""
    return msgspec.convert(value, PolicyDocument)


def encode_policy(document: PolicyDocument) -> dict[str, Any]:
    """A document as a JSON value; `decoded` gives it back."""
    value: dict[str, Any] = msgspec.to_builtins(document)
    return value


MASKED = (
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_ITIN", "US_PASSPORT", "US_DRIVER_LICENSE", "US_MBI",
    "US_BANK_NUMBER", "IP_ADDRESS", "MAC_ADDRESS", "CRYPTO", "STREET_ADDRESS", "UK_NHS", "UK_NINO", "UK_PASSPORT", "UK_DRIVING_LICENCE",
    "CA_SIN", "AU_TFN", "AU_MEDICARE", "DE_TAX_ID", "DE_SOCIAL_SECURITY", "DE_ID_CARD", "DE_PASSPORT", "DE_HEALTH_INSURANCE",
    "ES_NIF", "ES_NIE", "ES_PASSPORT", "IT_FISCAL_CODE", "IT_IDENTITY_CARD", "IT_PASSPORT", "IT_DRIVER_LICENSE", "FI_PERSONAL_IDENTITY_CODE",
    "SE_PERSONNUMMER", "PL_PESEL", "IN_AADHAAR", "IN_PAN", "IN_PASSPORT", "IN_VOTER", "SG_NRIC_FIN", "KR_RRN", "KR_FRN", "KR_PASSPORT",
    "TH_TNIN", "TR_NATIONAL_ID", "ZA_ID_NUMBER", "ZA_PASSPORT", "NG_NIN", "PH_PASSPORT", "PH_UMID", "MEDICAL_LICENSE", "NATIONAL_ID", "TAX_ID", "PATIENT_ID",
)  # fmt: skip
"""Kinds that every preset masks."""
