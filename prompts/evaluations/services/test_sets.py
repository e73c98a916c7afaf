"""Test sets and their cases: typed in, imported, made from calls.

A changed case is a new row, so that old results keep what they ran. What could weaken a required test takes more than
editing (`required_tests`); adding cases never does.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from accounts.models import User
from governance.records.models import AuditRecord
from governance.records.selectors.calls import content_of
from governance.reviews.models import CallReview
from governance.reviews.selectors import current_reviews
from kernel.clock import utc_now
from kernel.errors import InvalidError
from prompts.evaluations.models import TestCase, TestSet
from prompts.evaluations.policy.cases import (
    MAX_CASES,
    BadCaseError,
    Case,
    Read,
    check_case,
    read_csv,
    read_jsonl,
)
from prompts.evaluations.selectors.test_sets import last_words, text_of_blocks, variables_of
from prompts.evaluations.services.required_tests import check_may_loosen, check_may_require

WHY_MISSING = "nothing that was said is stored, or a reviewer found personal data in it"
READERS = {"csv": read_csv, "jsonl": read_jsonl}


class TooManyCasesError(InvalidError):
    """The test set would have more cases than are taken. The message says how many."""

    code = "too_many_cases"


def variable_kinds(test_set: TestSet) -> dict[str, str]:
    """JSON types of the variables of the prompt's newest version."""
    return {variable.name: variable.type for variable in variables_of(test_set)}


@transaction.atomic
def add_cases(
    test_set: TestSet, cases: Sequence[Case], *, source: str = TestCase.Source.TYPED, call_ids: Sequence[Any] = ()
) -> list[TestCase]:  # fmt: skip
    """Puts cases at the end. Raises TooManyCasesError."""
    TestSet.objects.select_for_update().get(pk=test_set.pk)
    live = test_set.cases.filter(removed_at=None)
    known = live.aggregate(last=Max("position"))["last"] or 0
    if live.count() + len(cases) > MAX_CASES:
        raise TooManyCasesError(f"A test set has at most {MAX_CASES:,} cases; this one would have {live.count() + len(cases):,}.")  # fmt: skip
    ids = [*call_ids, *[None] * (len(cases) - len(call_ids))]
    rows = TestCase.objects.bulk_create(
        TestCase(
            test_set=test_set, position=known + place, variables=case.variables, expected=case.expected,
            assertions=case.assertions, note=case.note, source=source, call_id=call_id,
        )
        for place, (case, call_id) in enumerate(zip(cases, ids, strict=True), 1)
    )  # fmt: skip
    touch(test_set)
    return rows


@transaction.atomic
def save_set(test_set: TestSet, *, by: User | None) -> TestSet:
    """Saves a set with what was changed of it, or a new one. Raises RequiredTestError."""
    if test_set.pk is None:
        if test_set.is_required:
            check_may_require(test_set, by)
        test_set.save()
        return test_set
    before = _locked(test_set)
    changed = {name for name in _CHANGEABLE if not same_json(getattr(before, name), getattr(test_set, name))}
    if "is_required" in changed:
        check_may_require(before, by)
    if changed & {"is_required", "pass_percent", "assertions"}:
        check_may_loosen(before, by)
    test_set.save(update_fields=_CHANGEABLE)  # never the revision: somebody may add a case meanwhile
    if "assertions" in changed:
        touch(test_set)
    return test_set


_CHANGEABLE = ("name", "description", "assertions", "is_required", "pass_percent")


@transaction.atomic
def delete_set(test_set: TestSet, *, by: User | None) -> None:
    """Deletes a set with its cases and runs. Raises RequiredTestError."""
    check_may_loosen(_locked(test_set), by)
    test_set.delete()


def _locked(test_set: TestSet) -> TestSet:
    rows = TestSet.objects.select_for_update(of=("self",)).select_related("team", "prompt__team")
    return rows.get(pk=test_set.pk)


@transaction.atomic
def change_case(case: TestCase, *, by: User | None, **changes: Any) -> TestCase:
    """The case as it is from now on. Raises RequiredTestError."""
    check_may_loosen(_locked(case.test_set), by)
    TestCase.objects.filter(pk=case.pk).update(removed_at=utc_now())
    kept = (
        "test_set_id",
        "key",
        "position",
        "variables",
        "expected",
        "assertions",
        "note",
        "source",
        "call_id",
    )
    new = TestCase.objects.create(**{**{name: getattr(case, name) for name in kept}, **changes})
    touch(case.test_set)
    return new


@transaction.atomic
def remove_cases(test_set: TestSet, ids: Iterable[int], *, by: User | None) -> int:
    """Takes cases out; results of earlier runs keep them. How many. Raises RequiredTestError."""
    check_may_loosen(_locked(test_set), by)
    found = test_set.cases.filter(pk__in=list(ids), removed_at=None).update(removed_at=utc_now())
    if found:
        touch(test_set)
    return found


def touch(test_set: TestSet) -> None:
    """Something that decides what passes has changed: runs from before say nothing of it."""
    TestSet.objects.filter(pk=test_set.pk).update(revision=F("revision") + 1)


def case_problem(values: dict[str, Any]) -> str | None:
    """Why values of a case can't be used; None where they can."""
    names = ("variables", "expected", "assertions", "note")
    try:
        check_case(
            Case(**{"variables": {"": ""}, **{name: values[name] for name in names if name in values}})
        )
    except BadCaseError as error:
        return str(error)
    return None


def import_cases(test_set: TestSet, raw: bytes, *, kind: str) -> Read:
    """Cases of a file, `csv` or `jsonl`: all of them, or with errors none. Raises TooManyCasesError."""
    found = READERS[kind](raw, kinds=variable_kinds(test_set))
    if not found.errors:
        add_cases(test_set, found.cases, source=kind)
    return found


def cases_from_calls(
    test_set: TestSet, calls: Iterable[AuditRecord], *, variable: str, takes_answer: bool
) -> tuple[list[TestCase], int]:
    """Cases of what was said in calls, redacted as it is stored, and how many calls were left out, WHY_MISSING.

    The user's last words go into the variable; the answer is what is expected, where that is wanted. Where a reviewer
    said what it should have been, that is; where they only found it wrong, nothing is.
    """
    cases, ids, missing = [], [], 0
    rows = list(calls)
    reviews = current_reviews(call.pk for call in rows)
    for call in rows:
        content, review = content_of(call), reviews.get(call.pk)
        text = last_words(content) if content is not None else ""
        if content is None or not text or (review and review.verdict == CallReview.Verdict.PRIVACY):
            missing += 1
            continue
        answer = _right_answer(text_of_blocks(content.answer), review) if takes_answer else ""
        cases.append(Case(variables={variable: text}, expected=answer or None, note=_note(call, review)))
        ids.append(call.pk)
    return add_cases(test_set, cases, source=TestCase.Source.CALL, call_ids=ids) if cases else [], missing


def _right_answer(answer: str, review: CallReview | None) -> str:
    """What a call should have answered, as far as it is known."""
    if review is None:
        return answer
    return review.expected or ("" if review.verdict in CallReview.FAULTS else answer)


def _note(call: AuditRecord, review: CallReview | None) -> str:
    if review is None:
        return f"Call {call.pk}"
    return f"Call {call.pk}, reviewed: {review}" + (f". {review.note}" if review.note else "")


def shown_json(value: Any) -> str:
    """A JSON value as people edit it: a text as it is."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1, 1.0 and true are three."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
