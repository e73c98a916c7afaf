"""ApplyGuardrail, simulated: a few guardrails that find by patterns what the real ones find by models.

`gatehouse` masks personal data, `gatehouseblock` blocks it, and `gatehousedetect` only reports it. All three know a
pattern of their own, a word, a topic and prompt attacks, and bill as AWS does: by the text unit of each kind of policy.
"""

import re
from collections.abc import Iterator
from typing import Any

from embedded.simulator.errors import constraint, invalid, throttled
from embedded.simulator.shapes import mapping, sequence, string

TEXT_UNIT = 1_000
MAX_UNITS = 25
"""In a request: the quota a second of the regions that have the smallest."""
_BLOCKED = "The simulated guardrail has blocked this text."
ACTIONS = {"gatehouse": "ANONYMIZED", "gatehouseblock": "BLOCKED", "gatehousedetect": "NONE"}
_IDENTIFIER = re.compile(r"(?:arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/)?([a-z0-9]+)")
_PERSONAL_DATA = {
    "EMAIL": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "CREDIT_DEBIT_CARD_NUMBER": r"(?<!\d)\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?!\d)",
    "US_SOCIAL_SECURITY_NUMBER": r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])",
    "PHONE": r"(?<![\w-])\+\d{1,3}(?:[ -]?\d{2,4}){2,4}(?!\d)",
    "NAME": r"(?:[Mm]y name is|[Ii] am called|[Ss]igned,)\s+(?P<match>[A-Z]\w+(?:\s[A-Z]\w+)?)",
    "ADDRESS": r"(?<!\d)\d{1,5} [A-Z]\w+ (?:Street|Avenue|Road|Lane)\b",
    "AGE": r"(?P<match>\d{1,3})(?= years old)",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _PERSONAL_DATA.items()}
_REGEX = ("Booking reference", r"\bBK-\d{6}\b")
_WORD = re.compile(r"\bbluebird\b", re.IGNORECASE)
_TOPIC = re.compile(r"\binvestment advice\b", re.IGNORECASE)
_ATTACK = re.compile(r"\bignore (?:all )?(?:the )?(?:previous|above) instructions\b", re.IGNORECASE)


def guardrail_response(identifier: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to an ApplyGuardrail body. Raises AwsError (400, 429)."""
    action = _action(identifier, version)
    source = string(body.get("source"))
    if source not in ("INPUT", "OUTPUT"):
        raise constraint(source, "source", "satisfy enum value set: [INPUT, OUTPUT]")
    texts = [_text(block) for block in sequence(body.get("content"))]
    if not texts:
        raise invalid("The content field must have at least one block.")
    units = sum(-(-len(text) // TEXT_UNIT) for text in texts)
    if units > MAX_UNITS:
        raise throttled()
    is_full = string(body.get("outputScope")) == "FULL"
    assessment = _assessment(texts, action, source, is_full=is_full)
    is_blocked, is_masked = _has(assessment, "BLOCKED"), _has(assessment, "ANONYMIZED")
    outputs = [_BLOCKED] if is_blocked else [_masked(text) for text in texts] if is_masked else []
    usage = {
        "topicPolicyUnits": units, "contentPolicyUnits": units, "wordPolicyUnits": units,
        "sensitiveInformationPolicyUnits": units, "sensitiveInformationPolicyFreeUnits": units,
        "contextualGroundingPolicyUnits": 0,
    }  # fmt: skip
    characters = sum(map(len, texts))
    coverage = {"textCharacters": {"guarded": characters, "total": characters}}
    metrics = {"guardrailProcessingLatency": 1, "usage": usage, "guardrailCoverage": coverage}
    return {
        "usage": usage,
        "action": "GUARDRAIL_INTERVENED" if outputs else "NONE",
        "actionReason": "Guardrail blocked." if is_blocked else "Guardrail masked." if is_masked else "No action.",
        "outputs": [{"text": text} for text in outputs],
        "assessments": [{**assessment, "invocationMetrics": metrics}],
        "guardrailCoverage": coverage,
    }  # fmt: skip


def _action(identifier: str, version: str) -> str:
    found = _IDENTIFIER.fullmatch(identifier)
    if found is None:
        raise invalid("The provided guardrail identifier is invalid.")
    if found[1] not in ACTIONS or version not in ("1", "DRAFT"):
        raise invalid("The guardrail identifier or version provided in the request does not exist.")
    return ACTIONS[found[1]]


def _text(block: Any) -> str:
    text = mapping(mapping(block).get("text")).get("text")
    if text is None:
        raise invalid("The simulator's guardrails look at blocks of text alone.")
    if not (found := string(text)).strip():
        raise invalid("The text field in the content block is blank.")
    return found


def _assessment(texts: list[str], action: str, source: str, *, is_full: bool) -> dict[str, Any]:
    """The policies that intervene; with `is_full`, also what was only detected, and filters that found nothing."""
    found: dict[str, Any] = {}
    entities = [
        {"match": match, "type": kind, "action": action, "detected": True}
        for text in texts
        for kind, match in _personal_data(text)
    ]
    name, regex = _REGEX
    regexes = [
        {"name": name, "match": match, "regex": regex, "action": action, "detected": True}
        for text in texts
        for match in re.findall(regex, text)
    ]
    if (entities or regexes) and (is_full or action != "NONE"):
        found["sensitiveInformationPolicy"] = {"piiEntities": entities, "regexes": regexes}
    words = [
        {"match": match, "action": "BLOCKED", "detected": True}
        for text in texts
        for match in _WORD.findall(text)
    ]
    if words:
        found["wordPolicy"] = {"customWords": words, "managedWordLists": []}
    if any(map(_TOPIC.search, texts)):
        topic = {"name": "Investment advice", "type": "DENY", "action": "BLOCKED", "detected": True}
        found["topicPolicy"] = {"topics": [topic]}
    is_attack = source == "INPUT" and any(map(_ATTACK.search, texts))
    if is_attack or is_full:
        verdict = {
            "type": "PROMPT_ATTACK", "confidence": "HIGH" if is_attack else "NONE", "filterStrength": "HIGH",
            "action": "BLOCKED" if is_attack else "NONE", "detected": is_attack,
        }  # fmt: skip
        found["contentPolicy"] = {"filters": [verdict]}
    return found


def _personal_data(text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in _PATTERNS.items():
        for hit in pattern.finditer(text):
            yield kind, hit["match"] if "match" in pattern.groupindex else hit[0]


def _masked(text: str) -> str:
    for kind, match in _personal_data(text):
        text = text.replace(match, f"{{{kind}}}")
    return re.sub(_REGEX[1], f"{{{_REGEX[0]}}}", text)


def _has(assessment: dict[str, Any], action: str) -> bool:
    hits = (hit for policy in assessment.values() for listed in policy.values() for hit in listed)
    return any(hit["action"] == action for hit in hits)
