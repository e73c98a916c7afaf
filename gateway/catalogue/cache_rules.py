"""PURE: which answers may be kept and given again, as admins say it of teams, routes and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

OFF, SHADOW, SERVE = "off", "shadow", "serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRuleEntry:
    """A rule that is switched on. Of several that fit a call the most specific one holds: a prompt before a route before a team."""

    id: int
    name: str
    team_id: int | None = None
    route: str = ""
    prompt_id: int | None = None
    exact: bool = True
    seconds: int = 86_400
    """For how long an answer is given again."""
    max_temperature: float = 1.0
    with_tools: bool = False
    semantic: str = SHADOW
    min_similarity: float = 0.92
    error_bound: float = 0.01
    """What share of answers given for a similar question may be wrong, from 0 to 1."""
    check_share: float = 0.10
    embedder: str = ""
    """The route that makes vectors; "": the local model."""
    semantic_seconds: float = 0.05
    """What looking for a similar question may take."""
    max_characters: int = 300
    slots: bool = True
    slot_seconds: int = 7200
    stale_seconds: int = 0
    """For how long after that an answer is still given while a new one is made."""
    retrieval: bool = True
    counts_requests: bool = False


Key = tuple[int, str, int]
"""Team, route and prompt; 0 and "" stand for any."""


@dataclass(frozen=True, slots=True)
class CacheRules:
    """All of them."""

    by_key: Mapping[Key, CacheRuleEntry] = field(default_factory=dict)

    @property
    def wants_vectors(self) -> bool:
        """Whether questions are compared by the local model."""
        return any(each.semantic != OFF and not each.embedder for each in self.by_key.values())

    def rule_of(self, *, team_id: int, route: str, prompt_id: int) -> CacheRuleEntry | None:
        """The most specific one; None where none fits."""
        if not self.by_key:
            return None
        for prompt in dict.fromkeys((prompt_id, 0)):
            for named in (route, ""):
                for team in (team_id, 0):
                    if (found := self.by_key.get((team, named, prompt))) is not None:
                        return found
        return None


def cache_rules(entries: Iterable[CacheRuleEntry]) -> CacheRules:
    """Of two rules for the same the older one holds."""
    found: dict[Key, CacheRuleEntry] = {}
    for each in entries:
        found.setdefault((each.team_id or 0, each.route, each.prompt_id or 0), each)
    return CacheRules(found)
