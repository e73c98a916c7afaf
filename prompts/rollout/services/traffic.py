"""What experiments and rollouts share: the label whose calls they share out, and the end they come to when it is moved."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from accounts.models import Application, Team, User
from accounts.services.known_models import unknown_model
from prompts.evaluations.policy.assertions import BadAssertionError
from prompts.registry.models import Label, Prompt, PromptVersion, VersionState
from prompts.registry.services.labels import move_label, obstacles
from prompts.registry.services.prompts import PromptError
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.policy.answer_check import checks_of
from prompts.rollout.policy.experiments import ExperimentState as ExperimentState
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.rollouts import LIVE

_LIVE = [state.value for state in LIVE]
_MAX_REASON_LENGTH = 2000


def locked_label(prompt: Prompt, name: str) -> Label:
    """The label, its prompt locked: of two that want its calls, or move it, one comes first.

    LifecycleError where there is none.
    """
    Prompt.objects.select_for_update(of=("self",)).get(pk=prompt.pk)
    found = Label.objects.select_related("version", "prompt").filter(prompt=prompt, name=name).first()
    if found is None:
        raise LifecycleError(f"The prompt has no label “{name}”. Set it to a version first.")
    return found


def check_free(label: Label) -> None:
    """LifecycleError where the calls of a locked label are shared out already."""
    of_label = {"prompt_id": label.prompt_id, "label": label.name}
    experiment = Experiment.objects.filter(**of_label, state=ExperimentState.RUNNING.value).first()
    if experiment is not None:
        raise LifecycleError(f"The experiment “{experiment}” runs behind “{label}”. Stop it first.")
    if Rollout.objects.filter(**of_label, state__in=_LIVE).exists():
        raise LifecycleError(f"A rollout is under way behind “{label}”. Complete it or roll it back first.")


def check_version(version: PromptVersion, label: Label) -> None:
    """LifecycleError for a version that callers by this label may not get."""
    if version.state != VersionState.APPROVED:
        state = version.get_state_display().lower()
        raise LifecycleError(
            f"Version {version.number} is not approved: it is {state}. Callers get approved ones only."
        )
    if label.is_protected and (missing := obstacles(version)):
        raise LifecycleError(f"The label “{label}” is protected. {' '.join(missing)}")


def check_model(name: str) -> None:
    """LifecycleError for a route that does not exist. Empty: none is named."""
    if name and unknown_model([name]) is not None:
        raise LifecycleError(f"There is no route named “{name[:80]}”.")


def check_checks(checks: Any) -> None:
    """LifecycleError for checks of answers that can't be made, with words for the person who wrote them."""
    try:
        checks_of(checks)
    except BadAssertionError as error:
        raise LifecycleError(str(error)) from error


def check_segment(segment: dict[str, list[int]], prompt: Prompt) -> None:
    """LifecycleError where a segment names teams or applications that can't call the prompt."""
    teams, applications = segment.get("teams") or [], segment.get("applications") or []
    known_teams, known = Team.objects.filter(pk__in=teams), Application.objects.filter(pk__in=applications)
    if prompt.team_id is not None:
        known_teams, known = known_teams.filter(pk=prompt.team_id), known.filter(team=prompt.team_id)
    if known_teams.count() < len(set(teams)):
        raise LifecycleError("The segment names a team that does not exist, or can't call this prompt.")
    if known.count() < len(set(applications)):
        raise LifecycleError(
            "The segment names an application that does not exist, or can't call this prompt."
        )


def reason_of(text: str) -> str:
    """A reason, for the record. LifecycleError where there is none."""
    if not text.strip():
        raise LifecycleError("Say why: it is kept with the history.")
    return text.strip()[:_MAX_REASON_LENGTH]


def log(changed: Model, by: User | None, text: str) -> None:
    """Who did what, on the page of what was changed; nothing where nobody did."""
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [changed], CHANGE, text[:_MAX_REASON_LENGTH], single_object=True)


def move(
    *, label: Label, version: PromptVersion, by: User | None, reason: str, is_automatic: bool = False
) -> None:
    """Moves a label at the end of an experiment or a rollout, in a transaction that has locked the prompt.

    LifecycleError where the label may not lead there.
    """
    try:
        move_label(
            prompt=label.prompt, name=label.name, version=version, by=by, reason=reason, is_automatic=is_automatic
        )  # fmt: skip
    except PromptError as error:
        raise LifecycleError(str(error)) from error
