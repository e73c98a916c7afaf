"""PURE: the privacy rules of a version, on top of those of organisation, team and application."""

from functools import lru_cache
from typing import Any

import msgspec

from governance.privacy.policy.privacy import InForce, decode_policy, extended
from governance.privacy.policy.ruleset import RuleSet


def rules_of(rules: RuleSet, privacy: dict[str, Any] | None, *, owner: str, number: int) -> RuleSet:
    """What holds for a call of a version: no version loosens what the levels above it set."""
    if privacy is None:
        return rules
    return _extended(rules, msgspec.json.encode(privacy, order="deterministic"), owner, number)


@lru_cache(maxsize=1024)
def _extended(rules: RuleSet, privacy: bytes, owner: str, number: int) -> RuleSet:
    return RuleSet(
        extended(rules.effective, InForce(owner, number, decode_policy(msgspec.json.decode(privacy))))
    )
