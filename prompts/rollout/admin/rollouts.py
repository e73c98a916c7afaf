from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access.policy import Principal
from accounts.admin.base import person, principal
from accounts.admin.typed import display
from accounts.models import Application, Team
from kernel.clock import utc_now
from prompts.evaluations.admin.check_words import check_words
from prompts.rollout.admin.rollout_form import RolloutForm
from prompts.rollout.admin.traffic import TrafficAdmin
from prompts.rollout.models import Rollout, RolloutEvent
from prompts.rollout.policy.bounds import NAMES, Bound, BoundState, bounds_of
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.rollouts import RolloutState, figure_text, share_at
from prompts.rollout.selectors.rollouts import RolloutStanding as StandingOf
from prompts.rollout.selectors.rollouts import position_of, rollout_standing, steps_of
from prompts.rollout.services import rollouts

STATE_LABELS = {
    "draft": "info", "running": "success", "paused": "warning", "rolled_back": "danger", "completed": "success",
}  # fmt: skip
STANDINGS = {
    BoundState.HOLDS: ("Holds", "success"),
    BoundState.DOUBTFUL: ("Doubtful", "warning"),
    BoundState.BREACHED: ("Broken", "danger"),
}
DONE = {
    "start": "Started. It goes on by itself as long as it keeps within its bounds.",
    "pause": "Paused. It stays at its share until you resume it, and is still watched.",
    "resume": "Resumed. The step begins anew.",
    "advance": "On to the next step.",
    "roll_back": "Rolled back. All callers get what the label says.",
    "complete": "Completed. The label is moved.",
}


@admin.register(Rollout)
class RolloutAdmin(TrafficAdmin):
    """Rollouts: planned, watched, and taken back when something goes wrong."""

    what = "a rollout"
    about = (
        "A rollout gives a new version to few callers first, then to more, and takes it back by itself when errors, "
        "costs or complaints rise."
    )
    form_class = RolloutForm
    template = "rollout"
    empty_hint = "Bring a new version of a prompt to a few callers first, then to all. Add a rollout."
    list_display = ("title", "state_label", "share_label", "started_at", "ended_at")
    list_select_related = ("prompt__team", "version", "stable_version")
    list_filter = ("state",)
    search_fields = ("prompt__name", "label")
    search_help_text = "A prompt, or a label."
    _ACTIONS: ClassVar[dict[str, Callable[..., None]]] = {
        "pause": rollouts.pause,
        "resume": rollouts.resume,
        "advance": rollouts.advance,
        "roll_back": rollouts.roll_back,
        "complete": rollouts.complete,
    }

    @display(description="Rollout", header=True)
    def title(self, rollout: Rollout) -> list[str]:
        team = rollout.team or "shared by all teams"
        return [f"{rollout.prompt}: version {rollout.version.number} to {rollout.label}", str(team)]

    @display(description="State", label=STATE_LABELS)
    def state_label(self, rollout: Rollout) -> tuple[str, str]:
        return rollout.state, rollout.get_state_display()

    @admin.display(description="Share")
    def share_label(self, rollout: Rollout) -> str:
        return _percent(share_at(position_of(rollout), steps_of(rollout)))

    def act(self, request: HttpRequest, found: Any, action: str) -> str:
        by, now = person(request), utc_now()
        if action == "start":
            rollouts.start(found, by=by, now=now)
        elif action in self._ACTIONS:
            self._ACTIONS[action](found, by=by, now=now, reason=request.POST.get("reason", ""))
        else:
            raise LifecycleError("Choose what is to be done.")
        return DONE[action]

    def context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        standing = rollout_standing(found, now=utc_now())
        steps = steps_of(found)
        return {
            "variant": STATE_LABELS[found.state],
            "team": found.team or "shared by all teams",
            "steps": _steps(found, standing),
            "segment": _segment_text(found, principal(request)),
            "checks": check_words(found.checks),
            "guards": _guards(found, standing),
            "calls": (standing.candidate.calls, standing.stable.calls) if standing else None,
            "events": [_event(event) for event in found.events.select_related("by").order_by("-id")],
            "share": _percent(share_at(position_of(found), steps)),
            "is_draft": found.state == RolloutState.DRAFT,
            "is_running": found.state == RolloutState.RUNNING,
            "is_paused": found.state == RolloutState.PAUSED,
            "has_next": found.step + 1 < len(steps),
        }


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _steps(found: Rollout, standing: StandingOf | None) -> list[dict[str, Any]]:
    """The plan, each step done, current, or still to come."""
    rows = []
    for index, step in enumerate(steps_of(found)):
        is_over = found.state == RolloutState.COMPLETED or (
            found.started_at is not None and index < found.step
        )
        is_current = found.is_live and index == found.step
        progress = ""
        if is_current and standing is not None:
            minutes = int(standing.elapsed.total_seconds() // 60)
            progress = f"{minutes:,} of {step.minutes:,} minutes, {standing.candidate.calls:,} of {step.calls:,} calls so far"
        rows.append(
            {
                "share": _percent(step.share),
                "text": f"at least {step.minutes:,} minutes and {step.calls:,} calls",
                "progress": progress,
                "class": "gh-done" if is_over else "gh-now" if is_current else "",
            }
        )
    return rows


def _segment_text(found: Rollout, who: Principal) -> str:
    """Whose calls take part, in words. A shared prompt's rollout is seen by all teams: what is another's, they are not told."""
    parts = []
    if teams := found.segment.get("teams"):
        parts.append(f"of {_named(Team.objects.visible_to(who), teams)}")
    if applications := found.segment.get("applications"):
        parts.append(f"from {_named(Application.objects.visible_to(who), applications)}")
    for name, values in found.segment.get("attributes", {}).items():
        parts.append(f"with {name} {' or '.join(values)}")
    return f"Calls {' '.join(parts)}; all others stay with the label" if parts else "All calls"


def _named(seen: QuerySet[Any], ids: list[int]) -> str:
    """The names of those that somebody sees, and how many others there are."""
    names = list(seen.filter(pk__in=ids).values_list("name", flat=True))
    others = len(set(ids)) - len(names)
    return ", ".join([*names, *([f"{others} of other teams"] if others else [])])


def _guards(found: Rollout, standing: StandingOf | None) -> list[dict[str, Any]]:
    standings = {each.guardrail: each.standing for each in standing.checks} if standing else {}
    return [
        {
            "name": f"{NAMES[each.guard][:1].upper()}{NAMES[each.guard][1:]}",
            "bound": _bound_text(each),
            "candidate": figure_text(each.guard, standing.candidate.value(each.guard)) if standing else "",
            "stable": figure_text(each.guard, standing.stable.value(each.guard)) if standing else "",
            "standing": STANDINGS[standings[each]] if each in standings else None,
        }
        for each in bounds_of(found.guardrails)
    ]


def _bound_text(guardrail: Bound) -> str:
    parts = []
    if guardrail.most is not None:
        parts.append(figure_text(guardrail.guard, guardrail.most))
    if guardrail.times is not None:
        parts.append(f"{guardrail.times:g} times before")
    return ", ".join(parts)


def _event(event: RolloutEvent) -> dict[str, Any]:
    return {
        "event": event,
        "who": "by itself" if event.is_automatic else str(event.by or "deleted user"),
        "share": _percent(event.share),
        "calls": event.figures.get("candidate", {}).get("calls"),
    }
