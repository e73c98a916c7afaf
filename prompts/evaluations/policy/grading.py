"""PURE: how one case is run and graded, as the calls that it takes: a generator that asks and is answered.

Whoever drives it makes the calls, or answers out of what is on record. It asks the same things in the same order for the
same answers, so it can be begun again after a crash and goes on where it was.
"""

import json
import math
from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from prompts.evaluations.policy.assertions import Assertion, Judge, Similarity, check
from prompts.evaluations.policy.verdict import AssertionOutcome, AssertionVerdict, Observation, Score, overall
from prompts.registry.policy.json_values import parsed, shown

JUDGE_TRIES = 2
"""A judge that answers nonsense is asked once more."""


class Ask(msgspec.Struct, frozen=True):
    """One call of the gateway. `purpose` names it among those of its result."""

    purpose: str
    path: str
    body: dict[str, Any]


class JudgedReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `error` is empty where the call succeeded; then `body` is its JSON."""

    body: dict[str, Any] = {}
    error: str = ""
    duration_ms: float = 0.0
    cost_nanos: int = 0


class GradedCase(msgspec.Struct, frozen=True, kw_only=True):
    """What is run, and what is asked of it."""

    prompt: str
    version: int
    variables: dict[str, Any]
    expected: Any = None
    assertions: Sequence[Assertion] = ()
    model: str = ""
    embeddings: str = ""
    """The route of embeddings, where an assertion names none."""
    prompt_id: int | None = None
    judges: dict[str, int] = {}
    """The prompts that judges' names mean. Without an id the gateway takes the name: the team's own before a shared one."""


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """What a case came to. `cost_nanos` and the times are the answer's alone."""

    verdict: AssertionVerdict
    output: str = ""
    outcomes: list[AssertionOutcome] = []
    error: str = ""
    duration_ms: float = 0.0
    cost_nanos: int = 0
    tokens: int = 0
    contract: str = ""
    """How the output contract ended: valid, corrected, fallback, refused; empty where there is none."""


Grading = Generator[Ask, JudgedReply, Graded]


def grading(case: GradedCase) -> Grading:
    """Runs the prompt, measures what assertions take, and grades."""
    reply = yield Ask("answer", f"/v1/prompts/{case.prompt}/run", _run_body(case))
    if not reply.error and reply.body.get("version") != case.version:
        reply = msgspec.structs.replace(
            reply, error=f"wrong_version: not version {case.version} answered. Is the prompt switched off?"
        )
    if reply.error:
        contract = "refused" if reply.error.startswith("contract_failed") else ""
        return Graded(
            verdict=AssertionVerdict.FAILED, error=reply.error, duration_ms=reply.duration_ms, cost_nanos=reply.cost_nanos,
            contract=contract,
        )  # fmt: skip
    output = reply.body.get("output")
    seen = Observation(
        output=output if isinstance(output, str) else "", expected=case.expected, data=reply.body.get("data"),
        duration_ms=reply.duration_ms, cost_nanos=reply.cost_nanos,
    )  # fmt: skip
    outcomes = []
    for place, assertion in enumerate(case.assertions):
        score = None
        if isinstance(assertion, Similarity):
            score = yield from _likeness(assertion, case, seen, place)
        elif isinstance(assertion, Judge):
            score = yield from _judged(assertion, case, seen, place)
        outcomes.append(check(assertion, seen, score=score))
    return Graded(
        verdict=overall(outcomes), output=seen.output, outcomes=outcomes, duration_ms=seen.duration_ms,
        cost_nanos=seen.cost_nanos, tokens=_tokens(reply.body), contract=_contract(reply.body),
    )  # fmt: skip


def _run_body(case: GradedCase) -> dict[str, Any]:
    body = _body(variables=case.variables, version=case.version, prompt_id=case.prompt_id)
    return {**body, "model": case.model} if case.model else body


def _body(*, variables: dict[str, Any], version: int, prompt_id: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {"variables": variables, "version": version}
    return body if prompt_id is None else {**body, "prompt_id": prompt_id}


def _contract(body: dict[str, Any]) -> str:
    contract = body.get("contract")
    return str(contract.get("outcome") or "") if isinstance(contract, dict) else ""


def _tokens(body: dict[str, Any]) -> int:
    usage = body.get("usage")
    found = usage.values() if isinstance(usage, dict) else ()
    return sum(count for count in found if isinstance(count, int) and not isinstance(count, bool))


def _likeness(
    assertion: Similarity, case: GradedCase, seen: Observation, place: int
) -> Generator[Ask, JudgedReply, Score]:
    wanted = assertion.text or (case.expected if isinstance(case.expected, str) else _dumped(case.expected))
    model = assertion.model or case.embeddings
    if not wanted.strip() or not seen.output.strip():
        return Score(None, "There is nothing to compare: the answer or what is expected is empty.")
    if not model:
        return Score(None, "No route of embeddings is named: set GATEHOUSE_EVALUATION_EMBEDDINGS, or “model” here.")  # fmt: skip
    reply = yield Ask(
        f"embeddings:{place}", "/v1/embeddings", {"model": model, "input": [wanted, seen.output]}
    )
    if reply.error:
        return Score(None, f"The similarity could not be measured: {reply.error}")
    vectors = [each.get("embedding") for each in reply.body.get("data") or [] if isinstance(each, dict)]
    value = cosine(vectors[0], vectors[1]) if len(vectors) == 2 else None
    return Score(
        value, "" if value is not None else "The similarity could not be measured: no two vectors came back."
    )


def _dumped(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def cosine(one: Any, other: Any) -> float | None:
    """The cosine between two vectors; None for what are none."""
    if not (isinstance(one, list) and isinstance(other, list) and len(one) == len(other)):
        return None
    if not all(isinstance(each, int | float) for each in (*one, *other)):
        return None
    size = math.hypot(*one) * math.hypot(*other)
    return (
        max(-1.0, min(1.0, sum(left * right for left, right in zip(one, other, strict=True)) / size))
        if size
        else None
    )


def _judged(
    assertion: Judge, case: GradedCase, seen: Observation, place: int
) -> Generator[Ask, JudgedReply, Score]:
    variables = {
        "input": _dumped(case.variables), "output": seen.output, "rubric": assertion.rubric,
        "expected": case.expected if isinstance(case.expected, str) else _dumped(case.expected),
    }  # fmt: skip
    body = _body(variables=variables, version=assertion.version, prompt_id=case.judges.get(assertion.prompt))
    said = ""
    for attempt in range(1, JUDGE_TRIES + 1):
        reply = yield Ask(f"judge:{place}:{attempt}", f"/v1/prompts/{assertion.prompt}/run", body)
        if reply.error and not reply.error.startswith("contract_failed"):
            return Score(None, f"The judge could not be asked: {reply.error}")
        score = score_in(reply.body)
        if score is not None:
            return score
        said = reply.error or shown(str(reply.body.get("output") or ""))
    return Score(
        None, f"Could not be judged: twice the judge did not answer with a score from 0 to 1. It said {said}."
    )


def score_in(body: dict[str, Any]) -> Score | None:
    """What a judge says: {"score": from 0 to 1, "reason": …}. None for nonsense."""
    output = body.get("output")
    found = parsed(output if isinstance(output, str) else "", body.get("data"))
    value = found.value if found is not None else None
    if not isinstance(value, dict):
        return None
    score, reason = value.get("score"), value.get("reason", "")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        return None
    return Score(float(score), reason if isinstance(reason, str) and reason else "No reason given.")
