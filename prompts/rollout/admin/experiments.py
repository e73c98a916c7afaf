from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import person
from accounts.admin.typed import display
from kernel.clock import utc_now
from prompts.evaluations.admin.check_words import check_words
from prompts.rollout.admin.experiment_form import ExperimentForm
from prompts.rollout.admin.intervals import difference_text, picture_of, value_text
from prompts.rollout.admin.traffic import UNITS, TrafficAdmin
from prompts.rollout.models import Experiment
from prompts.rollout.models.experiment import METRICS
from prompts.rollout.policy.experiments import ExperimentState
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.verdicts import ALPHA, Comparison, ComparisonOutcome, ComparisonVerdict
from prompts.rollout.selectors.experiments import ArmResult, Results, experiment_results
from prompts.rollout.services import experiments

STATE_LABELS = {"draft": "info", "running": "success", "stopped": "warning"}
VERDICTS = {
    ComparisonVerdict.TOO_EARLY: ("Too early", "info"),
    ComparisonVerdict.BETTER: ("Better", "success"),
    ComparisonVerdict.WORSE: ("Worse", "danger"),
    ComparisonVerdict.EQUIVALENT: ("No real difference", "info"),
    ComparisonVerdict.OPEN: ("No difference found yet", "warning"),
}
_NAMES = dict(METRICS)


@admin.register(Experiment)
class ExperimentAdmin(TrafficAdmin):
    """Experiments: set up, started, read, stopped."""

    what = "an experiment"
    about = (
        "An experiment gives some callers one version of a prompt, or one model, and others another, and says which "
        "does better."
    )
    form_class = ExperimentForm
    template = "experiment"
    empty_hint = "Compare two versions of a prompt, or two models, on real calls. Add one."
    list_display = ("title", "label", "state_label", "started_at", "stopped_at")
    list_select_related = ("prompt__team", "winner")
    list_filter = ("state",)
    search_fields = ("name", "prompt__name")
    search_help_text = "A name, or a prompt."

    @display(description="Experiment", header=True)
    def title(self, experiment: Experiment) -> list[str]:
        team = experiment.team or "shared by all teams"
        return [experiment.name, f"{experiment.prompt}, {team}"]

    @display(description="State", label=STATE_LABELS)
    def state_label(self, experiment: Experiment) -> tuple[str, str]:
        return experiment.state, experiment.get_state_display()

    def act(self, request: HttpRequest, found: Any, action: str) -> str:
        by, now = person(request), utc_now()
        if action == "start":
            experiments.start(found, by=by, now=now)
            return "Started. Calls are shared out from now on."
        if action == "stop":
            wanted = request.POST.get("winner", "")
            arms = {str(arm.pk): arm for arm in found.arms.select_related("version")}
            winner = arms.get(wanted)
            if wanted and winner is None:
                raise LifecycleError("The experiment has no such arm.")
            experiments.stop(found, by=by, now=now, reason=request.POST.get("reason", ""), winner=winner)
            moved = f" “{found.label}” leads to version {winner.version.number} now." if winner else ""
            return f"Stopped.{moved}"
        raise LifecycleError("Choose what is to be done.")

    def context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        results = experiment_results(found, now=utc_now())
        about, *others = (_NAMES[name] for name in found.metrics)
        return {
            "variant": STATE_LABELS[found.state],
            "team": found.team or "shared by all teams",
            "arms": _arms(found, results),
            "metrics": [_NAMES[name] for name in found.metrics],
            "metric_names": about + (f"; must not suffer: {', '.join(others).lower()}" if others else ""),
            "results": results,
            "unchecked": sum(each.unchecked for each in results.arms) if results else 0,
            "checks": check_words(found.checks),
            "sentences": [_sentence(each, results, UNITS[found.unit]) for each in results.arms[1:]]
            if results
            else [],
            "comparisons": [_rows(each, results) for each in results.arms[1:]] if results else [],
            "sure": round((1 - ALPHA) * 100),
            "is_draft": found.state == ExperimentState.DRAFT,
            "is_running": found.state == ExperimentState.RUNNING,
            "can_win": [arm for arm in found.arms.select_related("version") if not arm.model],
        }


def _arms(found: Experiment, results: Results | None) -> list[dict[str, Any]]:
    """The arms, with what their calls came to."""
    by_arm = {each.arm.pk: each for each in results.arms} if results else {}
    rows = list(found.arms.select_related("version"))
    total = sum(arm.weight for arm in rows) or 1
    return [
        {
            "arm": arm,
            "share": f"{arm.weight * 100 / total:.0f} %",
            "is_control": index == 0,
            "result": (result := by_arm.get(arm.pk)),
            "values": [value_text(metric, sample) for metric, sample in result.samples.items()]
            if result
            else [],
        }
        for index, arm in enumerate(rows)
    ]


def _rows(result: ArmResult, results: Results) -> dict[str, Any]:
    """The comparisons of an arm with the control, to be shown."""
    return {
        "arm": result.arm,
        "control": results.arms[0].arm,
        "rows": [
            {
                "name": _NAMES[each.metric.value],
                "control": value_text(each.metric, each.control),
                "value": value_text(each.metric, each.arm),
                # Before the minimum sample the bounds need not hold: they are not shown.
                "difference": "can't be told yet"
                if each.missing
                else difference_text(each.metric, each.interval),
                "picture": None if each.missing else picture_of(each.metric, each.interval),
                "verdict": VERDICTS[each.verdict],
                "still": _still(each),
            }
            for each in result.comparisons
        ],
    }


def _still(found: Comparison) -> str:
    """What is still to come, for people."""
    if found.missing:
        return f"{found.missing:,} more to come"
    if found.verdict is ComparisonVerdict.OPEN and found.needed:
        return f"a small difference shows at about {found.needed:,} in each arm"
    return ""


def _sentence(result: ArmResult, results: Results, units: str) -> str:
    """What can be said of an arm, for people."""
    name, control = f"“{result.arm}”", f"“{results.arms[0].arm}”"
    about = _NAMES[result.comparisons[0].metric.value].lower()
    worse = [
        _NAMES[each.metric.value].lower()
        for each in result.comparisons
        if each.verdict is ComparisonVerdict.WORSE
    ]
    suffers = ", ".join(worse)
    missing = max(each.missing for each in result.comparisons)
    return {
        ComparisonOutcome.TOO_EARLY: f"It is too early to say anything of {name}: {missing:,} more {units} are needed.",
        ComparisonOutcome.WINS: f"{name} is better than {control} in {about}, and nothing else has been found to be worse.",
        ComparisonOutcome.LOSES: f"{name} is worse than {control}: {suffers}.",
        ComparisonOutcome.MIXED: f"{name} is better than {control} in {about}, but worse in {suffers}. Weigh one against the other.",
        ComparisonOutcome.EQUIVALENT: f"{name} and {control} make no real difference in {about}.",
        ComparisonOutcome.OPEN: f"No difference between {name} and {control} in {about} has been found yet.",
    }[result.outcome or ComparisonOutcome.OPEN]
