"""PURE: an engine that looks for personal data: what it is asked, what it answers, and how it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import overload

from governance.screening.policy.findings import Finding
from kernel.errors import UnavailableError

GUARDRAIL = "bedrock-guardrails"
"""What findings of a Bedrock guardrail name as their rule."""


@dataclass(frozen=True, slots=True)
class EngineBlock:
    """An engine's own verdict that what it was given must not pass: the kind of its rule, and the rule."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class EngineAnswer(Sequence[Sequence[Finding]]):
    """An engine's answer, which reads as the findings of each text, in order.

    `blocks` are of all texts together; `billed` are the units that the engine's owner charges for, by name.
    """

    findings: Sequence[Sequence[Finding]]
    blocks: tuple[EngineBlock, ...] = ()
    billed: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.findings)

    @overload
    def __getitem__(self, place: int) -> Sequence[Finding]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sequence[Finding]]: ...
    def __getitem__(self, place: int | slice) -> Sequence[Finding] | Sequence[Sequence[Finding]]:
        return self.findings[place]


class Failure(Enum):
    """Why an engine gave no answer."""

    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


class EngineFailedError(UnavailableError):
    """An engine gave no answer, so nothing is known of the texts: policy says whether they may pass all the same.

    `billed` is what was charged before it failed. The message is for operators, and holds nothing of the texts.
    """

    def __init__(self, failure: Failure, message: str, billed: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.billed: Mapping[str, int] = billed or {}
