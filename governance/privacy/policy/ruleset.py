"""PURE: the rules that apply to a call, compiled: from raw findings to what is done with each."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from governance.privacy.policy.custom_rules import CustomRule
from governance.privacy.policy.engines import GUARDRAIL
from governance.privacy.policy.kinds import KINDS
from governance.privacy.policy.languages import language_of
from governance.privacy.policy.placeholders import lookalike, spelling
from governance.privacy.policy.privacy import (
    ACTIONS,
    Action,
    Effective,
    InForce,
    PolicyDocument,
    PrivacyRule,
    combined,
    stricter,
)
from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES, PATTERN_ENTITIES
from governance.privacy.policy.recognition.overlaps import resolved
from governance.privacy.policy.storage import StoragePolicy
from governance.screening.policy.findings import Finding

_STRENGTH = {action: rank for rank, action in enumerate(ACTIONS)}
_PATTERN_REACH = 160


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """What is done with a finding, by direction: the strictest of every rule that finds it."""

    to_model: Action = ""
    to_client: Action = ""
    to_log: Action = ""

    def stricter(self, rule: PrivacyRule) -> "FindingDecision":
        return FindingDecision(
            stricter(ACTIONS, self.to_model, rule.to_model),
            stricter(ACTIONS, self.to_client, rule.to_client),
            stricter(ACTIONS, self.to_log, rule.to_log),
        )


NOTHING = FindingDecision()
OUTSIDE = "GUARDRAIL"
"""What placeholders of a kind are named that only a guardrail knows. The names in placeholders are a closed set: what a
caller writes is known to look like one before anything of its kind is found."""
_FROM_OUTSIDE = (PrivacyRule(entity=OUTSIDE, threshold=0.0),)


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding with what is done about it, in one direction."""

    start: int
    end: int
    entity: str
    action: Action
    score: float
    rule: str


class RuleSet:
    """Compiled once per combination of versions, and shared by all calls under it."""

    def __init__(self, effective: Effective) -> None:
        self.effective = effective
        rules = [rule for _, rule in effective.rules]
        self._custom = tuple(CustomRule(rule) for rule in rules if rule.is_custom)
        self._by_entity: dict[str, list[PrivacyRule]] = {}
        for rule in rules:
            self._by_entity.setdefault(rule.entity, []).append(rule)
        self._allowed = {
            id(rule): frozenset(value.casefold() for value in rule.allow) for rule in rules if rule.allow
        }
        self._has_languages = any(rule.languages for rule in rules)
        built_in = {rule.entity for rule in rules if not rule.is_custom}
        self.patterns = frozenset(built_in.intersection(PATTERN_ENTITIES))
        """Built-in kinds that patterns find."""
        self.names = effective.names and not built_in.isdisjoint(LANGUAGE_ENTITIES)
        """Whether the language model is to be asked."""
        self.secrets = "SECRET" in built_in
        for_client = {rule.entity for rule in rules if rule.to_client}
        self.checks_answers = bool(for_client)
        self.client_patterns = self.patterns & for_client
        self.client_names = not for_client.isdisjoint(LANGUAGE_ENTITIES)
        self.client_reach = max(
            (_reach(rule) for rule in rules if rule.is_custom and rule.entity in for_client), default=0
        )
        """How many characters of an answer an admin's own rule may have to see at once."""
        self.entities = frozenset(self._by_entity)
        if effective.guardrails:
            self.entities |= {OUTSIDE, *PATTERN_ENTITIES, *LANGUAGE_ENTITIES}
        """The kinds of which there may be placeholders."""
        spelling(self.entities), lookalike(self.entities)  # compiled now, where nobody waits
        self.storage = StoragePolicy(
            bodies=effective.bodies or "redacted", sample_percent=effective.sample_percent
        )
        self.salt = blake2b(
            repr((effective.rules, effective.names, effective.guardrails)).encode(), digest_size=16
        ).digest()
        """Tells what was found under these rules from what was found under others."""
        self.fingerprint = blake2b(repr(effective).encode(), digest_size=16).digest()
        """Tells these rules, with all that they say, from others and from other versions of them."""

    @property
    def has_custom(self) -> bool:
        """Whether admins have rules of their own."""
        return bool(self._custom)

    def custom(self, text: str) -> list[Finding]:
        """What the admins' own rules find."""
        return [finding for rule in self._custom for finding in rule.find(text)]

    def decisions(self, text: str, findings: Iterable[Finding]) -> list[tuple[Finding, FindingDecision]]:
        """Each finding that a rule speaks of, with the strictest of what the rules say."""
        language = language_of(text) if self._has_languages else ""
        decided: list[tuple[Finding, FindingDecision]] = []
        for finding in findings:
            decision = NOTHING
            for rule in self._rules_for(finding):
                if self._applies(rule, finding, text, language):
                    decision = decision.stricter(rule)
            if decision is not NOTHING:
                decided.append((finding, decision))
        return decided

    def _rules_for(self, finding: Finding) -> Iterable[PrivacyRule]:
        """The rules of its kind. What only a guardrail knows is masked: the guardrail is the rule."""
        rules = self._by_entity.get(finding.entity, ())
        return rules or (_FROM_OUTSIDE if finding.rule == GUARDRAIL else ())

    def _applies(self, rule: PrivacyRule, finding: Finding, text: str, language: str) -> bool:
        if finding.score < rule.threshold:
            return False
        if rule.languages and language and language not in rule.languages:
            return False
        allowed = self._allowed.get(id(rule))
        return allowed is None or text[finding.start : finding.end].casefold() not in allowed


def _reach(rule: PrivacyRule) -> int:
    phrases = [len(phrase) + 1 for phrase in rule.deny if any(map(str.isspace, phrase))]
    return max((*phrases, _PATTERN_REACH if rule.patterns else 0))


def hits(text: str, decided: Iterable[tuple[Finding, FindingDecision]], direction: str) -> tuple[Hit, ...]:
    """What is done in one direction, one hit a character: a stricter action wins, then the rules of `overlaps`."""
    by_action: dict[Action, list[Finding]] = {}
    for finding, decision in decided:
        action: Action = getattr(decision, direction)
        if action:
            by_action.setdefault(action, []).append(finding)
    found: list[Hit] = []
    taken: list[Finding] = []
    for action in sorted(by_action, key=_STRENGTH.__getitem__, reverse=True):
        # What is taken already stands first in rank, so that of the milder only the rest is left.
        for each in resolved(text, by_action[action], taken=taken):
            found.append(Hit(each.start, each.end, each.entity, action, each.score, each.rule))
            taken.append(each)
    return tuple(sorted(found, key=lambda hit: hit.start))


@lru_cache(maxsize=2)
def every_kind(*, names: bool) -> RuleSet:
    """Rules that mask all that is built in, by which the engine can be judged by itself."""
    document = PolicyDocument(rules=tuple(PrivacyRule(entity=kind) for kind in KINDS), names=names)
    return RuleSet(combined((InForce("Gatehouse", 0, document),)))
