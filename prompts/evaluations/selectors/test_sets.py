"""Reading test sets, and the calls that cases can be made from."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Application, User
from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.bodies import BodiesUnreachableError
from governance.records.selectors.calls import CallContent, content_of
from governance.reviews.models import CallReview
from governance.reviews.selectors import by_review, with_verdict
from prompts.evaluations.models import TestSet
from prompts.registry.models import Prompt
from prompts.registry.policy.document import Variable, decode_document

OFFERED_CALLS = 50
_SHOWN = 240


def variables_of(test_set: TestSet) -> tuple[Variable, ...]:
    """The variables of the prompt's newest version; none where it can't be read."""
    version = test_set.prompt.versions.order_by("-number").first()
    if version is None:
        return ()
    try:
        return decode_document(version.document).variables
    except ValueError:  # a draft may be unfinished
        return ()


def judge_names(team_ids: Iterable[int]) -> list[str]:
    """The names of prompts that can judge for these teams: their own, and the shared ones."""
    return names_of(Prompt.objects.filter(Q(team__in=list(team_ids)) | Q(team=None)))


def names_of(prompts: QuerySet[Prompt]) -> list[str]:
    """The names of these prompts, without those that are archived."""
    return sorted(set(prompts.filter(archived_at=None).values_list("name", flat=True)))


def recorded_calls(
    test_set: TestSet, *, user: User, review: str = "", every_prompt: bool = False
) -> list[tuple[Any, str, str]]:
    """The latest calls of the team that ran the prompt, or all, with what the user said last and the answer, cut short.

    `review` chooses by what came of their review, which is the call's `verdict`, in words or "".
    """
    own = Application.objects.filter(
        team=test_set.team_id, is_internal=True
    )  # evaluations are no source of tests
    calls = AuditRecord.objects.filter(team_id=test_set.team_id, status=CallStatus.SUCCEEDED)
    calls = calls.exclude(application__in=own)
    if not every_prompt:
        calls = calls.filter(prompt_id=test_set.prompt_id)
    found = []
    for call in with_verdict(by_review(calls, review, user=user), user=user).order_by("-call_id")[
        :OFFERED_CALLS
    ]:
        asked, answered = _texts(call)
        call.verdict = CallReview.Verdict(call.verdict).label if call.verdict else ""
        if asked:
            found.append((call, asked, answered))
    return found


def calls_named(test_set: TestSet, ids: Iterable[UUID]) -> list[AuditRecord]:
    """The team's calls of these ids, at most as many as are offered at once."""
    calls = AuditRecord.objects.filter(team_id=test_set.team_id, status=CallStatus.SUCCEEDED, pk__in=set(ids))
    return list(calls.order_by("-call_id")[:OFFERED_CALLS])


def _texts(call: AuditRecord) -> tuple[str, str]:
    try:
        content = content_of(call)
    except BodiesUnreachableError:
        return "", ""
    if content is None:
        return "", ""
    return last_words(content)[:_SHOWN], text_of_blocks(content.answer)[:_SHOWN]


def last_words(content: CallContent) -> str:
    """What the user said last."""
    messages = content.request.get("messages")
    said = [each for each in messages if isinstance(each, dict) and each.get("role") == "user"] if isinstance(messages, list) else []  # fmt: skip
    blocks = said[-1].get("content") if said else []
    return text_of_blocks(blocks if isinstance(blocks, list) else [])


def text_of_blocks(blocks: list[Any]) -> str:
    """The texts of content blocks."""
    texts = (block.get("text") for block in blocks if isinstance(block, dict))
    return "\n".join(text for text in texts if isinstance(text, str))
