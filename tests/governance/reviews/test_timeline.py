"""What the pipeline records of its stages is what the call's page explains and what the demonstration shows."""

from datetime import UTC, datetime
from random import Random

import pytest

from gateway.demo.calls import draft
from gateway.refusals import STATUS
from governance.reviews.admin.timeline import timeline_of

RECORDED = (
    "authenticate", "resolve prompt", "recall response", "resolve route", "look up slot", "recall request", "queue", "fetch images", "gather context", "render prompt", "redact", "screen", "defend", "capabilities", "look up answer", "enforce limits", "limit rates",
    "reserve", "invoke", "settle", "store bodies", "keep response",
)  # fmt: skip
"""In the order of a call; "audit" writes the record and so can't be in it."""

REFUSES = {
    "model_not_found": "resolve route",
    "model_not_allowed": "resolve route",
    "context_length_exceeded": "enforce limits",
    "budget_exceeded": "reserve",
}


@pytest.mark.filterwarnings(
    "ignore:open_binary is deprecated:DeprecationWarning"
)  # the tokenizer's, at import
def test_these_are_the_stages_of_the_pipeline() -> None:
    from gateway.pipeline import ADMISSION, SETTLEMENT

    assert (*(name for name, _ in ADMISSION), "invoke", *(name for name, _ in SETTLEMENT[:-2])) == RECORDED


def test_every_recorded_stage_is_explained() -> None:
    steps = timeline_of([[name, 1.0, "ok"] for name in (*RECORDED, "attempt 1")])
    assert all(step.description for step in steps)
    assert all(step.is_ok for step in steps)


def test_an_unknown_stage_is_shown_without_words() -> None:
    (step,) = timeline_of([["guess", 5, "ok"], "nonsense", ["short", 1]])
    assert (step.name, step.description, step.milliseconds) == ("guess", "", "5.00 ms")


def test_the_demonstration_records_as_the_pipeline_does() -> None:
    random = Random(7)
    moment = datetime(2026, 5, 4, 10, tzinfo=UTC)
    kinds = set()
    for _ in range(4000):
        call = draft(moment, random)
        names = [name for name, _, _ in call.stages]
        attempts = [name for name in names if name.startswith("attempt")]
        assert attempts == [f"attempt {number}" for number in range(1, call.attempts)]
        plain = [name for name in names if name not in attempts]
        assert plain == [name for name in RECORDED if name in plain]
        assert plain[-2:] == ["settle", "store bodies"]
        assert ("invoke" in plain) == (call.attempts > 0)
        failed = {name: outcome for name, _, outcome in call.stages if outcome != "ok"}
        assert set(failed.values()) <= {"stopped", *STATUS}
        if call.code in REFUSES:
            assert failed == {REFUSES[call.code]: call.code}
        assert failed.get("invoke", "ok") == {"cancelled": "stopped", "failed": call.code}.get(
            call.status, "ok"
        )
        kinds.add((call.status, bool(attempts)))
    assert {("cancelled", False), ("refused", False), ("succeeded", True), ("failed", True)} <= kinds
