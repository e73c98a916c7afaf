"""PURE: a prompt as a call asks for it, and as it is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.snapshot.prompts import PromptEntry, VersionEntry
    from prompts.registry.policy.rendering import Compiled
    from prompts.rollout.policy.assignment import Choice

PREFIX = "prompt/"
"""What the name of a model begins with that is a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRequest:
    """Which prompt, at which label or version, and what it is filled with."""

    name: str
    prompt_id: int | None = None
    """Which of several prompts of this name: Gatehouse's own calls know it."""
    label: str = ""
    version: int | None = None
    model: str = ""
    """A route in the place of the version's own."""
    variables: dict[str, Any] = field(default_factory=dict)
    session: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ContractRun:
    """What came of holding an answer to a contract."""

    outcome: str = ""
    """valid, corrected, fallback or refused; "" where there is no contract."""
    rounds: int = 0
    errors: tuple[str, ...] = ()
    data: Any = None
    """The answer's JSON value, where the contract holds."""
    unsure: str = ""
    """What the caller got of a call that was unsure (`prompts.rollout.policy.unsure`); "" where it was not."""
    is_fallback: bool = False


@dataclass(slots=True, kw_only=True)
class PromptRun(ContractRun):
    """A version that a call runs, and what came of it."""

    prompt: PromptEntry
    version: VersionEntry | None
    label: str
    model: str
    values: dict[str, Any]
    choice: Choice | None = None
    passages: tuple[dict[str, Any], ...] = ()
    """What of the knowledge was put before the model: where it comes from, never its text."""
    confidence: float | None = None
    checked: str = ""
    """What came of the checks of an experiment or a rollout: passed, failed or unchecked; "" where there are none."""
    lacks_facts: bool = False
    """Whether a context source that may be missing is: what is answered then is good for this once."""
    summarised: str = ""
    """The variable that was summarised, because all of it was too much."""

    @property
    def compiled(self) -> Compiled:
        """The version, ready to be filled in. `resolve prompt` refuses one that can't be."""
        if self.version is None or self.version.compiled is None:
            raise LookupError(f"no version of the prompt {self.prompt.name} is run")
        return self.version.compiled

    def as_json(self) -> dict[str, Any]:
        """What the record says of the run. Never values."""
        facts: dict[str, Any] = {}
        if self.choice is not None:
            names = {"experiment": "experiment_id", "arm": "arm_id", "rollout": "rollout_id"}
            facts |= {
                name: found for name, own in names.items() if (found := getattr(self.choice, own)) is not None
            }
        if self.outcome:
            facts["contract"] = {"outcome": self.outcome, "rounds": self.rounds}
        if self.checked:
            facts["checked"] = str(self.checked)
        if self.is_fallback:
            facts["is_fallback"] = True
        if self.passages:
            facts["chunks"] = [
                {
                    name: passage[name]
                    for name in ("chunk", "document", "version", "similarity")
                    if name in passage
                }
                for passage in self.passages
            ]
        if self.summarised:
            facts["summarised"] = self.summarised
        if self.confidence is not None:
            facts["confidence"] = round(self.confidence, 3)
        if self.unsure:
            facts["unsure"] = str(self.unsure)
        return facts
