"""No team holds all places of a queue: its own next one waits, another team's does not."""

import pytest
from django.utils import timezone

from governance.alerts.services.deliveries import TeamBusyError, attempt, due
from prompts.evaluations.models import EvaluationState
from prompts.evaluations.services.runner import LEASE, run_for
from prompts.knowledge.models import DocumentState, KnowledgeDocument
from prompts.knowledge.services.indexing import _claim
from tests.accounts.factories import make_team
from tests.governance.alerts.factories import make_channel, make_delivery
from tests.prompts.evaluations.factories import make_evaluation, make_set
from tests.prompts.knowledge.factories import make_base, make_document
from tests.prompts.registry.factories import make_prompt

pytestmark = pytest.mark.django_db


def test_deliveries(settings, mailoutbox):
    now = timezone.now()
    one, other = (make_channel(make_team(name), target=f"{name}@example.com") for name in ("One", "Other"))
    waiting = [make_delivery(one, None, state="pending") for _ in range(5)]
    late = make_delivery(other, None, state="pending")
    order = due(now=timezone.now())
    assert order.index(late.pk) == 1  # each team's first comes before anybody's second
    for delivery in waiting[: settings.TEAM_DELIVERIES]:
        type(delivery).objects.filter(pk=delivery.pk).update(claimed_at=now)
    with pytest.raises(TeamBusyError):
        attempt(waiting[-1].pk, now=timezone.now())
    assert attempt(late.pk, now=timezone.now())


def test_documents():
    team, other = make_team("One"), make_team("Other")
    for owner, name in ((team, "a"), (team, "b"), (other, "c")):
        make_document(make_base(owner, name=name))
    KnowledgeDocument.objects.update(state=DocumentState.QUEUED, claimed_at=None, error="")
    first, second = _claim(timezone.now()), _claim(timezone.now())
    assert {each.document.base.team for each in (first, second) if each} == {team, other}
    assert _claim(timezone.now()) is None


def test_evaluations():
    team = make_team("One")
    test_set = make_set(team, make_prompt(team))
    running, waiting = (make_evaluation(test_set, state=EvaluationState.QUEUED) for _ in range(2))
    type(running).objects.filter(pk=running.pk).update(lease_until=timezone.now() + LEASE)
    assert run_for(waiting.pk, seconds=1) is False
    waiting.refresh_from_db()
    assert waiting.lease_until is None
    assert waiting.state == EvaluationState.QUEUED
