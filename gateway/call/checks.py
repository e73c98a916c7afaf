"""PURE: what was checked of a call and what came of it, for its record. Counts, names of rules and verdicts; never values."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class InputCheck:
    """Of the request: its characters, over how many of them the names model looked for names, and over how many rules alone did:
    those of languages that the model does not know."""

    characters: int = 0
    read_characters: int = 0
    ruled_characters: int = 0
    wants_names: bool = False


@dataclass(slots=True)
class OutputCheck:
    """Of the answer: characters that came, and those looked through for the direction to the client."""

    characters: int = 0
    checked_characters: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    blocked: str = ""
    """The kind, or the check, that ended the answer."""


@dataclass(slots=True)
class Screened:
    """Texts of one kind (`role`: user, document or tool): how much was screened, the worst verdict, what was done about it."""

    role: str
    texts: int
    characters: int
    score: float
    verdict: str
    action: str
    reasons: list[str]

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return {
            "role": self.role,
            "texts": self.texts,
            "characters": self.characters,
            "score": self.score,
            "verdict": self.verdict,
            "action": self.action,
            "reasons": self.reasons,
        }


@dataclass(slots=True)
class Checks:
    """All of a call."""

    policies: tuple[tuple[str, int], ...] = ()
    input: InputCheck | None = None
    output: OutputCheck | None = None
    guardrail: str = ""
    """What a Bedrock guardrail said of the request: passed, blocked, or why it gave no answer."""
    guardrail_units: Counter[str] = field(default_factory=Counter)
    """What AWS bills for guardrails, by its own names."""
    invented: int = 0
    """Placeholders in the answer that stand for nothing in this call."""
    restored: int = 0
    """Placeholders in the answer that were turned back."""
    screening: list[Screened] = field(default_factory=list)
    violation: dict[str, Any] = field(default_factory=dict)
    """Of an answer that was dropped, another model being asked in its place: what it broke, whose it was, what it used and cost."""
    leak: str = ""
    links: int = 0
    """Links and images in the answer that carried data away."""
    adjusted: list[str] = field(default_factory=list)
    """What was changed of the request so that the model takes it: members and what was done, never values of a caller's."""
    is_probe: bool = False
    """Whether a client only tries whether the model may be called."""
    loop: str = ""
    """How often an agent has repeated itself, where that is to be told."""
    replayed: str = ""
    """The call whose answer this one got, by its idempotency key."""
    shadow_of: str = ""
    """The call that this one is a copy of, made to compare another model."""
    is_flagged: bool = False
    """Whether a reviewer is to look at the call."""

    def as_json(self) -> dict[str, Any]:
        """For the record; what says nothing is left out."""
        value: dict[str, Any] = {}
        if self.policies:
            value["policies"] = self.policies
        if self.input is not None:
            value["input"] = _input(self.input)
        if self.output is not None:
            value["output"] = _output(self.output)
        if self.guardrail_units:
            value["guardrail_units"] = dict(self.guardrail_units)
        if self.screening:
            value["screening"] = [each.as_json() for each in self.screening]
        for name in (
            "guardrail",
            "invented",
            "restored",
            "violation",
            "leak",
            "links",
            "adjusted",
            "loop",
            "replayed",
            "shadow_of",
        ):
            if said := getattr(self, name):
                value[name] = said
        if self.is_probe:
            value["probe"] = True
        return value


def _input(check: InputCheck) -> dict[str, Any]:
    value: dict[str, Any] = {"characters": check.characters}
    if check.wants_names:
        value["names"] = check.read_characters
        if check.ruled_characters:
            value["names_by_rules"] = check.ruled_characters
    return value


def _output(check: OutputCheck) -> dict[str, Any]:
    value: dict[str, Any] = {"characters": check.characters, "checked": check.checked_characters}
    if check.findings:
        value["findings"] = dict(check.findings)
    if check.blocked:
        value["blocked"] = check.blocked
    return value
