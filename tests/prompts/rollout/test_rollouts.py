"""Rollouts on the database: decided by what calls came to, claimed once, and safe when a label is moved."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, transaction

from governance.alerts.models import Delivery
from kernel.clock import utc_now
from prompts.registry.models import Label, LabelMove, PromptVersion, VersionState
from prompts.rollout.models import Rollout, RolloutEvent
from prompts.rollout.policy.assignment import RolloutEntry
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.rollouts import RolloutAction
from prompts.rollout.receivers import end_what_runs
from prompts.rollout.selectors.rollouts import rollout_standing
from prompts.rollout.selectors.traffic import entries
from prompts.rollout.services import experiments, rollouts
from tests.accounts.factories import make_application, make_person, make_team
from tests.governance.alerts.factories import make_channel
from tests.prompts.registry.factories import make_version, version
from tests.prompts.rollout.factories import called, make_experiment, make_prompt_in_use, make_rollout

pytestmark = pytest.mark.django_db
BREACHING = {"errors": {"most": 0.05}}


@pytest.fixture
def prompt():
    return make_prompt_in_use(make_team())


@pytest.fixture
def somebody():
    return make_person()


def _started(prompt, somebody, **fields) -> Rollout:
    rollout = make_rollout(prompt, **fields)
    rollouts.start(rollout, by=somebody, now=utc_now())
    return rollout


def _check(rollout: Rollout) -> RolloutAction:
    Rollout.objects.filter(pk=rollout.pk).update(next_check_at=utc_now())
    found = rollouts.check_rollout(rollout.pk, now=utc_now())
    rollout.refresh_from_db()
    return found


def _calls(rollout: Rollout, count: int, *, number: int = 2, **fields) -> None:
    for _ in range(count):
        called(rollout.prompt, number=number, rollout=rollout, **fields)


def _label(prompt) -> int:
    return Label.objects.get(prompt=prompt, name="production").version.number


def test_step_by_step_to_the_end(prompt, somebody):
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    for step, share in enumerate((0.1, 0.5, 1)):
        entry = entries()[prompt.pk, "production"]
        assert isinstance(entry, RolloutEntry)
        assert (entry.share, entry.version, entry.stable_version, rollout.step) == (share, 2, 1, step)
        _calls(rollout, 19)
        assert _check(rollout) is RolloutAction.STAY
        _calls(rollout, 1)
        assert _check(rollout) is (RolloutAction.COMPLETE if share == 1 else RolloutAction.ADVANCE)
    assert (rollout.state, _label(prompt), entries()) == ("completed", 2, {})
    assert [event.action for event in rollout.events.all()] == ["start", "advance", "advance", "complete"]
    move = LabelMove.objects.get()
    assert (move.from_version, move.to_version, move.is_automatic) == (1, 2, True)
    assert rollout.events.last().figures["candidate"]["calls"] == 20


def test_calls_of_the_step_before_do_not_count(prompt, somebody):
    rollout = _started(prompt, somebody)
    _calls(rollout, 25)
    assert _check(rollout) is RolloutAction.ADVANCE
    later = utc_now() + timedelta(seconds=3)
    Rollout.objects.filter(pk=rollout.pk).update(step_started_at=later)
    rollout.refresh_from_db()
    assert rollout_standing(rollout, now=later).candidate.calls == 0


def test_errors_take_it_back_and_the_label_stays(prompt, somebody):
    make_channel(prompt.team, "m", target="m@example.com")
    make_channel(make_team("Other"), "o", target="o@example.com")
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    _calls(rollout, 15, status="failed", code="upstream_error")
    assert _check(rollout) is RolloutAction.STAY
    _calls(rollout, 10)
    assert _check(rollout) is RolloutAction.ROLL_BACK
    assert (rollout.state, _label(prompt), entries()) == ("rolled_back", 1, {})
    event = rollout.events.last()
    assert event.is_automatic
    assert event.reason == "Errors: 60.0 %, where it may be at most 5.0 %."
    assert event.figures["candidate"]["errors"] == [15, 25]
    delivery = Delivery.objects.get()
    assert delivery.channel.name == "m"
    assert delivery.alert.kind == "rollout_rolled_back"
    assert "rolled back by itself" in delivery.alert.text
    assert delivery.alert.path.endswith(f"/{rollout.pk}/change/")


@pytest.mark.parametrize(
    ("guardrails", "bad", "good"),
    [
        ({"contract": {"most": 0.1}}, {"contract": "fallback"}, {"contract": "corrected"}),
        ({"negative": {"most": 0.3}}, {"helpful": False}, {"helpful": True}),
        ({"cost": {"times": 1.5}}, {"cost_nanos": 9_000_000}, {"cost_nanos": 1_500_000}),
        ({"errors": {"times": 2}}, {"status": "refused", "code": "invalid_request"}, {}),
    ],
)
def test_each_guardrail_reads_its_figures(prompt, somebody, guardrails, bad, good):
    plan = [{"share": 0.5, "minutes": 0, "calls": 1000}, {"share": 1, "minutes": 0, "calls": 1}]
    rollout = _started(prompt, somebody, guardrails=guardrails, plan=plan)
    for _ in range(60):
        called(prompt, number=1, rollout=rollout, **good)
        called(prompt, number=2, rollout=rollout, **good)
    assert _check(rollout) is RolloutAction.STAY
    for _ in range(90):
        called(prompt, number=2, rollout=rollout, **bad)
    assert _check(rollout) is RolloutAction.ROLL_BACK


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "refused", "code": "budget_exceeded"},
        {"status": "refused", "code": "rate_limited"},
        {"status": "cancelled"},
    ],
)
def test_what_is_not_the_prompt_s_fault_does_not_count(prompt, somebody, fields):
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    _calls(rollout, 60, **fields)
    assert _check(rollout) is RolloutAction.STAY
    assert rollout_standing(rollout, now=utc_now()).candidate.calls == 0


def test_calls_that_are_not_of_the_rollout_do_not_count(prompt, somebody):
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    for _ in range(60):
        called(prompt, number=2, status="failed", code="upstream_error")
    assert _check(rollout) is RolloutAction.STAY


def test_doubt_pauses_and_a_person_resumes(prompt, somebody):
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    _calls(rollout, 26)
    _calls(rollout, 4, status="failed", code="upstream_error")
    assert _check(rollout) is RolloutAction.PAUSE
    assert entries()[prompt.pk, "production"].share == 0.1
    with pytest.raises(LifecycleError, match="Say why"):
        rollouts.resume(rollout, by=somebody, now=utc_now(), reason=" ")
    rollouts.resume(rollout, by=somebody, now=utc_now() + timedelta(seconds=2), reason="A fault upstream")
    assert (rollout.state, rollout.step) == ("running", 0)
    assert rollout.events.last().by == somebody
    assert _check(rollout) is RolloutAction.STAY


def test_a_paused_one_is_still_watched(prompt, somebody):
    rollout = _started(prompt, somebody, guardrails=BREACHING)
    rollouts.pause(rollout, by=somebody, now=utc_now(), reason="Lunch")
    _calls(rollout, 30)
    assert _check(rollout) is RolloutAction.STAY
    _calls(rollout, 30, status="failed", code="upstream_error")
    assert _check(rollout) is RolloutAction.ROLL_BACK


def test_of_two_who_act_at_once_one_does(prompt, somebody):
    rollout = _started(prompt, somebody)
    stale = Rollout.objects.get(pk=rollout.pk)
    rollouts.pause(rollout, by=somebody, now=utc_now(), reason="First")
    with pytest.raises(LifecycleError, match="just now"):
        rollouts.roll_back(stale, by=somebody, now=utc_now(), reason="Second")
    assert [event.action for event in rollout.events.all()] == ["start", "pause"]


def test_a_check_is_made_by_one_process_at_a_time(prompt, somebody):
    rollout = _started(prompt, somebody)
    _calls(rollout, 30)
    now = utc_now() + timedelta(seconds=11)
    assert rollouts.check_rollout(rollout.pk, now=now) is RolloutAction.ADVANCE
    assert rollouts.check_rollout(rollout.pk, now=now) is RolloutAction.STAY
    assert rollouts.check_due(now=utc_now()) == 0


def test_moving_the_label_by_hand_ends_it(prompt, somebody):
    rollout = _started(prompt, somebody)
    label = Label.objects.get(prompt=prompt)
    label.version = version(prompt, 3)
    label.save()
    assert entries() == {}  # at once, whatever else happens
    end_what_runs(prompt=prompt, name="production", by=somebody, reason="Incident", now=utc_now())
    rollout.refresh_from_db()
    assert (rollout.state, _label(prompt)) == ("rolled_back", 3)
    assert "was moved. Incident" in rollout.reason


def test_a_label_that_was_moved_is_not_moved_back_by_completing(prompt, somebody):
    rollout = _started(prompt, somebody)
    Label.objects.filter(prompt=prompt).update(version=version(prompt, 3))
    with pytest.raises(LifecycleError, match="meanwhile"):
        rollouts.complete(rollout, by=somebody, now=utc_now(), reason="Done")
    Rollout.objects.filter(pk=rollout.pk).update(step=2)
    _calls(rollout, 20)
    assert _check(rollout) is RolloutAction.PAUSE
    assert "can't be moved" in rollout.reason
    assert _label(prompt) == 3


def test_a_withdrawn_version_is_not_given_out(prompt, somebody):
    rollout = _started(prompt, somebody)
    PromptVersion.objects.filter(pk=rollout.version_id).update(state=VersionState.WITHDRAWN)
    assert entries() == {}


def test_what_can_t_be_started(prompt, somebody):
    in_review = make_version(prompt, number=4, state=VersionState.IN_REVIEW, document={})
    other_app = make_application(make_team("Other"), "theirs")
    cases = [
        ({"version": version(prompt, 1)}, "is on version 1 already"),
        ({"version": in_review}, "not approved"),
        ({"label": "staging"}, "no label"),
        ({"plan": []}, "A plan has"),
        ({"guardrails": {"speed": {}}}, "an unknown guardrail"),
        ({"segment": {"applications": [other_app.pk]}}, "application"),
        ({"segment": {"teams": [other_app.team_id]}}, "team"),
    ]
    for fields, words in cases:
        with pytest.raises(LifecycleError, match=words):
            _started(prompt, somebody, **fields)
    assert not RolloutEvent.objects.exists()


def test_one_at_a_time_behind_a_label(prompt, somebody):
    rollout = _started(prompt, somebody)
    with pytest.raises(LifecycleError, match="A rollout is under way"):
        _started(prompt, somebody, version=version(prompt, 3))
    with pytest.raises(LifecycleError, match="A rollout is under way"):
        experiments.start(make_experiment(prompt), by=somebody, now=utc_now())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rollout(prompt, state="paused")
    rollouts.roll_back(rollout, by=somebody, now=utc_now(), reason="Enough")
    _started(prompt, somebody, version=version(prompt, 3))


def test_its_history_is_not_rewritten(prompt, somebody):
    rollout = _started(prompt, somebody)
    with pytest.raises((IntegrityError, InternalError), match="append-only"), transaction.atomic():
        RolloutEvent.objects.filter(rollout=rollout).update(reason="It was somebody else")
