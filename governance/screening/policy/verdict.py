"""PURE: the verdict on a text: clean, suspicious or an injection, with its reasons, and what to take out of it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from governance.screening.policy import rules
from governance.screening.policy.guards import Guards
from governance.screening.policy.spans import Span, to_remove, without
from kernel.errors import InvalidError

if TYPE_CHECKING:
    from governance.screening.policy.scoring import Scoring

MIN_WEIGHT = 0.1
"""The weight from which a rule is given as a reason."""


class ScreeningOutcome(StrEnum):
    """What a text is taken for."""

    CLEAN = "clean"
    SUSPICIOUS = "suspicious"
    INJECTION = "injection"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from which a text is suspicious (`flag`) and an injection (`block`)."""

    flag: float = 0.5
    block: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.flag <= self.block <= 1:
            raise InvalidError("Thresholds must be above 0, at most 1, and `flag` not above `block`.")


DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True)
class ScreeningVerdict:
    """`reasons` are sentences for people, the strongest first; `spans` are code points of the text to take out."""

    score: float
    verdict: ScreeningOutcome
    reasons: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    def strip(self, text: str) -> str:
        """The text without what made it suspicious."""
        return without(text, self.spans)


def screen_text(
    text: str,
    *,
    role: str = rules.USER,
    thresholds: Thresholds = DEFAULT,
    with_spans: bool = True,
    guards: Guards | None = None,
) -> ScreeningVerdict:
    """The verdict on a text of such a source: always the same for the same text, source, thresholds and guards.

    `guards` are those of the system prompt that the text comes with (`guards_of`), for what users write. Finding the spans takes about twice as long as the verdict; without them `strip` changes nothing.
    """
    scoring = _scoring()
    found = scoring.score(text, role=role, guards=guards)
    is_in_json = False
    if role != rules.USER and (said := _said_in_json(text)):
        inside = scoring.score(said, role=role)
        if inside.score > found.score:
            found, is_in_json = inside, True
    if found.score < thresholds.flag:
        return ScreeningVerdict(found.score, ScreeningOutcome.CLEAN)
    spans: tuple[Span, ...] = ()
    if with_spans and is_in_json:
        spans = ((0, len(text)),)  # a part of it would be no JSON any more
    elif with_spans:
        spans = to_remove(
            text, lambda part: scoring.score(part, role=role, guards=guards).score, above=thresholds.flag
        )
    return ScreeningVerdict(
        score=found.score,
        verdict=ScreeningOutcome.INJECTION
        if found.score >= thresholds.block
        else ScreeningOutcome.SUSPICIOUS,
        reasons=_reasons(found, role=role),
        spans=spans,
    )


def _said_in_json(text: str) -> str:
    """The texts in a JSON value, as a model reads them: each begins a line of its own. Empty where it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return ""
    try:
        waiting, said = [orjson.loads(text)], []
    except orjson.JSONDecodeError:
        return ""
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            said.append(value)
        else:
            waiting += reversed(
                list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
            )
    return "\n".join(said)


def _reasons(found: "Scoring", *, role: str) -> tuple[str, ...]:
    weighed = sorted(found.signals.rules, key=lambda rule: -rule.weight_for(role))
    reasons = [rule.reason for rule in weighed if rule.weight_for(role) >= MIN_WEIGHT]
    if found.hidden >= _scoring().READS_LIKE_ATTACK:
        how = ", ".join(found.normalised.encodings)
        reasons.append(f"A text hidden by {how} reads like known attacks ({found.hidden:.2f}).")
    if found.read_alike >= _scoring().READS_LIKE_ATTACK or not reasons:
        reasons.append(f"It reads like known attacks ({found.read_alike:.2f}).")
    reasons += [f"It has {trick}." for trick in found.normalised.tricks]
    return tuple(reasons)


@cache
def _scoring() -> Any:
    """The classifier and what it reads, numpy among it: loaded when a text is screened, not by who shows a verdict."""
    from governance.screening.policy import scoring

    return scoring
