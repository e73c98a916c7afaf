"""Prompts in the snapshot: those that can be called, with the versions that their labels lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompts.registry.policy.rendering import Compiled
    from prompts.rollout.policy.assignment import ExperimentEntry, RolloutEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionEntry:
    """A version, compiled. `problem` says why it can't be run, where it can't."""

    id: int
    number: int
    is_approved: bool
    compiled: Compiled | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEntry:
    """A prompt and what applications can reach of it without a look at the database."""

    id: int
    name: str
    team_id: int | None
    is_enabled: bool
    fallback: str
    labels: Mapping[str, int] = field(default_factory=dict)
    """Numbers of versions by label."""
    versions: Mapping[int, VersionEntry] = field(default_factory=dict)
    delivery: Mapping[str, ExperimentEntry | RolloutEntry] = field(default_factory=dict)
    """What runs behind a label."""


Prompts = Mapping[tuple[int | None, str], PromptEntry]
"""By team, None for those shared by all, and name."""
