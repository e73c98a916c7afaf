"""PURE: which version of a prompt a call gets, where an experiment or a rollout runs behind its label."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from random import Random
from typing import Any

from prompts.rollout.policy.answer_check import AnswerCheck

_BITS = 53
"""A float holds so many: with more, the highest hashes would round up to 1."""


class Unit(StrEnum):
    """By what callers are told apart, so that the same one gets the same version again."""

    END_USER = "end_user"
    SESSION = "session"
    CALL = "call"  # each call by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a call says of who makes it. Empty texts: it does not say."""

    team_id: int
    application_id: int
    end_user: str = ""
    session: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Part of the calls: of these teams, and these applications, and with one of the values of each attribute.

    What is empty asks for nothing; a segment with nothing in it has every call.
    """

    teams: frozenset[int] = frozenset()
    applications: frozenset[int] = frozenset()
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()

    def has(self, caller: Caller) -> bool:
        """Whether a call belongs to it."""
        return (
            (not self.teams or caller.team_id in self.teams)
            and (not self.applications or caller.application_id in self.applications)
            and all(caller.attributes.get(name) in values for name, values in self.attributes)
        )


EVERYBODY = Segment()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmEntry:
    """One of the things compared: a version, or a version with another model than its own."""

    id: int
    name: str
    version: int
    weight: int
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentEntry:
    """A running experiment. The weights of its arms sum to more than 0."""

    id: int
    name: str
    unit: Unit
    salt: bytes
    arms: tuple[ArmEntry, ...]
    check: AnswerCheck | None = None
    """What is asked of every answer, and noted on its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEntry:
    """A version on its way: `share` of the segment's callers get it, from 0 to 1, the others `stable_version`."""

    id: int
    unit: Unit
    salt: bytes
    version: int
    stable_version: int
    share: float
    segment: Segment = EVERYBODY
    check: AnswerCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The version a call gets, and why. Ids and names go onto its record.

    A rollout is named for all calls of its segment, those that got the stable version too: both are compared.
    """

    version: int
    model: str = ""
    experiment_id: int | None = None
    experiment: str = ""
    arm_id: int | None = None
    arm: str = ""
    rollout_id: int | None = None
    check: AnswerCheck | None = None


def choose(entry: ExperimentEntry | RolloutEntry, caller: Caller, random: Random) -> Choice | None:
    """What a call gets. None: the call is outside the rollout's segment, and its label decides.

    The same caller gets the same as long as weights and versions stay. Who does not say who they are is drawn anew
    for each call. Who got a rollout's version at one share gets it at every greater one.
    """
    if isinstance(entry, RolloutEntry):
        return _of_rollout(entry, caller, random)
    arm = _arm_at(entry.arms, _point(entry.unit, entry.salt, caller, random))
    return Choice(
        version=arm.version,
        model=arm.model,
        experiment_id=entry.id,
        experiment=entry.name,
        arm_id=arm.id,
        arm=arm.name,
        check=entry.check,
    )


def versions_of(entry: ExperimentEntry | RolloutEntry) -> frozenset[int]:
    """The numbers of the versions that callers may get."""
    if isinstance(entry, RolloutEntry):
        return frozenset({entry.version, entry.stable_version})
    return frozenset(arm.version for arm in entry.arms)


def _of_rollout(entry: RolloutEntry, caller: Caller, random: Random) -> Choice | None:
    if not entry.segment.has(caller):
        return None
    is_in = _point(entry.unit, entry.salt, caller, random) < entry.share
    number = entry.version if is_in else entry.stable_version
    return Choice(version=number, rollout_id=entry.id, check=entry.check)


def _arm_at(arms: tuple[ArmEntry, ...], point: float) -> ArmEntry:
    left = point * sum(arm.weight for arm in arms)
    for arm in arms:
        left -= arm.weight
        if left < 0:
            return arm
    return next(arm for arm in reversed(arms) if arm.weight)  # the last sum may fall short by a rounding


def _point(unit: Unit, salt: bytes, caller: Caller, random: Random) -> float:
    """Where a caller stands, from 0 up to, not including, 1."""
    name = {Unit.END_USER: caller.end_user, Unit.SESSION: caller.session}.get(unit, "")
    return point_of(name, salt) if name else random.random()


def point_of(name: str, salt: bytes) -> float:
    """A hash of a name, from 0 up to, not including, 1. `salt` has at most 64 bytes; another one shuffles anew."""
    digest = blake2b(name.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).digest()
    return float((int.from_bytes(digest) >> (64 - _BITS)) / (1 << _BITS))


def segment_of(value: Mapping[str, Any]) -> Segment:
    """A segment from its JSON: {"teams": [1], "applications": [2], "attributes": {"country": ["de", "at"]}}."""
    return Segment(
        teams=frozenset(value.get("teams") or ()),
        applications=frozenset(value.get("applications") or ()),
        attributes=tuple(
            (name, frozenset(values)) for name, values in sorted((value.get("attributes") or {}).items())
        ),
    )
