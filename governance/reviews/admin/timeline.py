"""PURE: the stages of a call as a waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_MIN_PERCENT = 0.4  # so that a stage of microseconds can still be seen

DESCRIPTIONS = {
    "authenticate": "Authenticate",
    "resolve prompt": "Resolve the prompt",
    "recall response": "Look up the response it goes on from",
    "resolve route": "Resolve the route",
    "look up slot": "Look for an answer in a slot of the cache",
    "recall request": "Look for the answer to a request that is known",
    "queue": "Queue",
    "fetch images": "Fetch images from the web",
    "gather context": "Search knowledge, fetch context",
    "render prompt": "Render the prompt",
    "read documents": "Read PDF and Word documents",
    "redact": "Mask personal data",
    "screen": "Screen for prompt injection",
    "defend": "Mark users' texts",
    "capabilities": "Fit to the model",
    "count tokens": "Count tokens at Bedrock: failed",
    "look up answer": "Look for an answer in the cache",
    "enforce limits": "Count tokens, check their limits",
    "limit rates": "Check rate limits",
    "reserve": "Reserve what it can cost",
    "invoke": "Call the model",
    "other model": "Drop the answer, hold what another model can cost",
    "settle": "Post the cost",
    "keep response": "Store the response",
    "store bodies": "Store what was said",
}
_ATTEMPT = "attempt "


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStep:
    """One stage: where its bar begins and how long it is, in per cent of the call."""

    name: str
    description: str
    milliseconds: str
    outcome: str
    is_ok: bool
    offset_percent: float
    width_percent: float


def timeline_of(stages: Sequence[Any]) -> list[TimelineStep]:
    """The steps of `[[stage, milliseconds, outcome], …]`; what has another shape is left out."""
    rows = [row for row in stages if isinstance(row, list | tuple) and len(row) == 3 and _is_number(row[1])]
    total = sum(max(0.0, float(row[1])) for row in rows) or 1.0
    steps: list[TimelineStep] = []
    passed = 0.0
    for name, ms, outcome in rows:
        ms = max(0.0, float(ms))
        width = max(_MIN_PERCENT, ms * 100 / total)
        steps.append(
            TimelineStep(
                name=str(name),
                description=description_of(str(name)),
                milliseconds=_text(ms),
                outcome=str(outcome),
                is_ok=outcome == "ok",
                offset_percent=round(min(passed * 100 / total, 100 - width), 3),
                width_percent=round(width, 3),
            )
        )
        passed += ms
    return steps


def description_of(stage: str) -> str:
    """What a stage does, in a few words; empty for one that is not known."""
    return "Failed over to the next deployment" if stage.startswith(_ATTEMPT) else DESCRIPTIONS.get(stage, "")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(ms: float) -> str:
    if ms < 10:
        return f"{ms:.2f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"
