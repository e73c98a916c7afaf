"""What a side answered to a probe, and whether two answers are the same."""

import re
from dataclasses import dataclass
from enum import StrEnum

from embedded.trial.probe import Probe

# What may name an account, a role, a user or a key.
_SECRETS = re.compile(
    r"arn:aws[\w-]*:(?:iam|sts)::\S+|\b\d{12}\b|\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=_-]{8,}|(?<=token )\S{20,}"
)
_MAX_CHARACTERS = 400


class Verdict(StrEnum):
    """How the answers of both sides compare."""

    SAME = "same"
    WORDS = "same, in other words"
    """Both refuse it alike, but the messages are not the same."""
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """AWS could not be asked: throttling, a fault, the net."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that an answer tells."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer: taken, with the marks of what came, or refused."""

    status: int = 0
    exception: str = ""
    message: str = ""
    stop_reason: str = ""
    marks: tuple[str, ...] = ()
    usage: Usage | None = None
    is_unknown: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether there is an answer."""
        return not self.exception and not self.is_unknown

    def __str__(self) -> str:
        if self.is_taken:
            return ", ".join(
                filter(None, [str(self.status), self.stop_reason, " + ".join(self.marks) or "no content"])
            )
        return " ".join(filter(None, [str(self.status or ""), self.exception + ":", self.message]))


def without_secrets(text: str) -> str:
    """A message without accounts, roles and keys, and not too long."""
    return _SECRETS.sub("…", " ".join(text.split()))[:_MAX_CHARACTERS]


def compare(probe: Probe, aws: Outcome, simulator: Outcome) -> Verdict:
    """Whether AWS does what the simulator says, in what the probe is about."""
    if aws.is_unknown or simulator.is_unknown:
        return Verdict.UNKNOWN
    if aws.is_taken != simulator.is_taken:
        return Verdict.DIFFERENT
    if aws.is_taken:
        differs = any((mark in aws.marks) != (mark in simulator.marks) for mark in probe.shows)
        return Verdict.DIFFERENT if differs else Verdict.SAME
    if (aws.exception, aws.status) != (simulator.exception, simulator.status):
        return Verdict.DIFFERENT
    if any((words in aws.message) != (words in simulator.message) for words in probe.tells):
        return Verdict.DIFFERENT
    return Verdict.SAME if aws.message == simulator.message else Verdict.WORDS
