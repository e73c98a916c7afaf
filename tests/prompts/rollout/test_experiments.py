"""Experiments on the database: what calls and feedback say of each arm, and how one ends."""

from random import Random

import pytest
from django.contrib.admin.models import LogEntry

from governance.alerts.models import Delivery
from kernel.clock import utc_now
from prompts.registry.models import Label, LabelMove, PromptVersion, VersionState
from prompts.rollout.models import Experiment
from prompts.rollout.policy.assignment import ExperimentEntry
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.verdicts import ComparisonOutcome, ComparisonVerdict, Metric
from prompts.rollout.receivers import end_what_runs
from prompts.rollout.selectors.experiments import experiment_results
from prompts.rollout.selectors.traffic import entries
from prompts.rollout.services import experiments
from tests.accounts.factories import make_person, make_team
from tests.governance.alerts.factories import make_channel
from tests.prompts.registry.factories import version
from tests.prompts.rollout.factories import called, make_experiment, make_prompt_in_use

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt():
    return make_prompt_in_use(make_team())


@pytest.fixture
def somebody():
    return make_person()


def _started(prompt, somebody, **fields) -> Experiment:
    experiment = make_experiment(prompt, **fields)
    experiments.start(experiment, by=somebody, now=utc_now())
    return experiment


def _fill(experiment: Experiment, each: int, *, helpful=(0.2, 0.9), **fields) -> None:
    random = Random(4)
    for arm, share in zip(experiment.arms.all(), helpful, strict=True):
        for _ in range(each):
            called(
                experiment.prompt,
                number=arm.version.number,
                arm=arm,
                helpful=random.random() < share,
                **fields,
            )


def test_what_is_better_is_said_and_told_once(prompt, somebody):
    make_channel(prompt.team, "m", target="m@example.com")
    experiment = _started(prompt, somebody, metrics=["helpful"])
    _fill(experiment, 60)
    found = experiment_results(experiment, now=utc_now())
    control, shorter = found.arms
    assert (control.calls, control.units, control.outcome) == (60, 60, None)
    assert shorter.comparisons[0].verdict is ComparisonVerdict.BETTER
    assert shorter.comparisons[0].interval.low > 0.2
    assert (shorter.outcome, found.is_decided, found.is_lopsided) == (ComparisonOutcome.WINS, True, False)
    Experiment.objects.update(next_check_at=utc_now())
    assert experiments.check_due(now=utc_now()) == 1
    Experiment.objects.update(next_check_at=utc_now())
    assert experiments.check_due(now=utc_now()) == 0
    assert "has a result" in Delivery.objects.get().alert.text


def test_too_early_says_how_many_more(prompt, somebody):
    experiment = _started(prompt, somebody)
    _fill(experiment, 30)
    found = experiment_results(experiment, now=utc_now())
    comparison = found.arms[1].comparisons[0]
    assert (comparison.verdict, comparison.missing) == (ComparisonVerdict.TOO_EARLY, 20)
    assert not found.is_decided


def test_calls_of_one_user_are_one_unit(prompt, somebody):
    experiment = _started(prompt, somebody)
    arm = experiment.arms.first()
    for number in range(40):
        called(prompt, number=1, arm=arm, end_user=f"user {number % 4}")
    called(prompt, number=1, arm=arm)
    control = experiment_results(experiment, now=utc_now()).arms[0]
    assert (control.calls, control.units) == (41, 5)
    assert control.samples[Metric.ERRORS].sizes == 4 * 100 + 1


def test_arms_out_of_proportion_are_told(prompt, somebody):
    experiment = _started(prompt, somebody)
    for _ in range(80):
        called(prompt, number=1, arm=experiment.arms.first())
    assert experiment_results(experiment, now=utc_now()).is_lopsided


def test_it_runs_behind_its_label_until_it_is_stopped(prompt, somebody):
    experiment = _started(prompt, somebody)
    entry = entries()[prompt.pk, "production"]
    assert isinstance(entry, ExperimentEntry)
    assert [(arm.version, arm.weight) for arm in entry.arms] == [(1, 1), (2, 1)]
    with pytest.raises(LifecycleError, match="Say why"):
        experiments.stop(experiment, by=somebody, now=utc_now(), reason="")
    experiments.stop(experiment, by=somebody, now=utc_now(), reason="Enough")
    assert entries() == {}
    with pytest.raises(LifecycleError, match="has been stopped"):
        experiments.start(experiment, by=somebody, now=utc_now())
    assert LogEntry.objects.filter(user=somebody).count() == 2


def test_the_winner_gets_the_label(prompt, somebody):
    experiment = _started(prompt, somebody)
    winner = experiment.arms.last()
    experiments.stop(experiment, by=somebody, now=utc_now(), reason="More helpful", winner=winner)
    assert (experiment.state, experiment.winner) == ("stopped", winner)
    assert Label.objects.get(prompt=prompt).version.number == 2
    assert "Shorter" in LabelMove.objects.get().reason


def test_a_winner_on_another_model_needs_a_version(prompt, somebody):
    experiment = make_experiment(prompt)
    experiment.arms.filter(position=1).update(model="cheap", version=version(prompt, 1))
    experiments.start(experiment, by=somebody, now=utc_now())
    winner = experiment.arms.last()
    with pytest.raises(LifecycleError, match="Make a version with the model cheap"):
        experiments.stop(experiment, by=somebody, now=utc_now(), reason="Cheaper", winner=winner)
    assert Experiment.objects.get().state == "running"


def test_another_experiment_s_arm_does_not_win(prompt, somebody):
    experiment, other = _started(prompt, somebody), make_experiment(prompt)
    with pytest.raises(LifecycleError, match="none of this experiment's arms"):
        experiments.stop(experiment, by=somebody, now=utc_now(), reason="x", winner=other.arms.first())


def test_moving_the_label_by_hand_ends_it(prompt, somebody):
    experiment = _started(prompt, somebody)
    end_what_runs(prompt=prompt, name="production", by=somebody, reason="Incident", now=utc_now())
    experiment.refresh_from_db()
    assert experiment.state == "stopped"
    assert "Incident" in experiment.stop_reason


def test_what_can_t_be_started(prompt, somebody):
    other = make_prompt_in_use(None, "other")
    for change, words in (
        ({"version": version(other, 2)}, "another prompt"),
        ({"version": version(prompt, 1)}, "same version"),
    ):
        experiment = make_experiment(prompt)
        experiment.arms.filter(position=1).update(**change)
        with pytest.raises(LifecycleError, match=words):
            experiments.start(experiment, by=somebody, now=utc_now())
    PromptVersion.objects.filter(prompt=prompt, number=2).update(state=VersionState.WITHDRAWN)
    for fields, words in (
        ({}, "not approved"),
        ({"label": "staging"}, "no label"),
        ({"metrics": []}, "compared by"),
    ):
        with pytest.raises(LifecycleError, match=words):
            _started(prompt, somebody, **fields)


def test_a_withdrawn_arm_leaves_the_label_to_decide(prompt, somebody):
    _started(prompt, somebody)
    PromptVersion.objects.filter(prompt=prompt, number=2).update(state=VersionState.WITHDRAWN)
    assert entries() == {}


CHECKS = [{"kind": "contains", "texts": ["refund"]}]


def test_answers_that_fail_their_checks_lose(prompt, somebody):
    experiment = _started(prompt, somebody, metrics=["checks", "errors"], checks=CHECKS)
    random = Random(4)
    for arm, share in zip(experiment.arms.all(), (0.9, 0.3), strict=True):
        for _ in range(60):
            called(
                prompt,
                number=arm.version.number,
                arm=arm,
                checked="passed" if random.random() < share else "failed",
            )
    called(prompt, number=1, arm=experiment.arms.first(), checked="unchecked")
    called(prompt, number=1, arm=experiment.arms.first(), status="failed", http_status=503)
    found = experiment_results(experiment, now=utc_now())
    control, shorter = found.arms
    assert (control.samples[Metric.CHECKS].calls, control.calls, control.unchecked) == (60, 62, 1)
    assert (shorter.outcome, shorter.comparisons[0].verdict) == (
        ComparisonOutcome.LOSES,
        ComparisonVerdict.WORSE,
    )
    assert shorter.samples[Metric.CHECKS].mean < 0.5


def test_checks_reach_the_gateway_compiled_once(prompt, somebody):
    _started(prompt, somebody, metrics=["checks"], checks=CHECKS)
    first, again = (entries()[prompt.pk, "production"].check for _ in range(2))
    assert first is again
    assert first.outcome("A refund.") == "passed"
    Experiment.objects.update(checks=[{"kind": "of tomorrow"}])
    assert entries()[prompt.pk, "production"].check is None, "calls go on"


def test_checks_and_metric_go_together(prompt, somebody):
    for fields, words in (
        ({"metrics": ["checks"]}, "Write the checks"),
        ({"checks": CHECKS}, "too, or take the checks away"),
        ({"metrics": ["checks"], "checks": [{"kind": "latency", "at_most_ms": 1}]}, "Duration"),
    ):
        with pytest.raises(LifecycleError, match=words):
            _started(prompt, somebody, **fields)
