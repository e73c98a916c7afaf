"""Labels, and their moves, each on record."""

from typing import cast

from django.db import transaction

from accounts.models import User
from kernel.clock import utc_now
from prompts.registry.models import NAME, Label, LabelMove, Prompt, PromptVersion, VersionState
from prompts.registry.services.prompts import PromptError, note_change
from prompts.registry.services.proposals import why_not_taken
from prompts.registry.signals import approval_asked, label_moved


@transaction.atomic
def move_label(
    *,
    prompt: Prompt,
    name: str,
    version: PromptVersion,
    by: User | None,
    reason: str = "",
    is_automatic: bool = False,
) -> Label:
    """Makes a label lead to a version; makes the label, if there is none. Calls under way keep the version they have.

    PromptError for a draft, for a version of another prompt, and for a protected label as long as the version is not
    approved or a required test has not passed.
    """
    NAME(name)
    prompt = Prompt.objects.select_for_update(of=("self",)).get(pk=prompt.pk)
    version = PromptVersion.objects.select_for_update().get(pk=version.pk)  # it is not withdrawn meanwhile
    label = Label.objects.filter(prompt=prompt, name=name).first()
    if version.prompt_id != prompt.pk:
        raise PromptError("The version belongs to another prompt.")
    if version.state in (VersionState.DRAFT, VersionState.WITHDRAWN):
        raise PromptError(f"Version {version.number} is {'a draft' if version.is_draft else 'withdrawn'}: a label can't lead to it.")  # fmt: skip
    if prompt.archived_at is not None:
        raise PromptError("The prompt is archived: bring it back first.")
    if is_protected(prompt, name) and (missing := obstacles(version)):
        raise PromptError(f"The label {name} is protected. {' '.join(missing)}")
    if reasons := why_not_taken(version):
        raise PromptError(" ".join(reasons))
    if error := prompt.misfit(version):
        raise PromptError(f"{error}. Mend the prompt's fallback answer, or give the version one of its own.")
    before = label.version if label else None
    if before is not None and before.pk == version.pk:
        assert label is not None
        return label
    label, _ = Label.objects.update_or_create(
        prompt=prompt,
        name=name,
        defaults={"version": version},
        create_defaults={"version": version, "is_protected": name == PRODUCTION},
    )
    _record(prompt, name, before, version, by, reason, is_automatic=is_automatic)
    return label


@transaction.atomic
def take_away(*, prompt: Prompt, name: str, by: User | None, reason: str = "") -> None:
    """Takes a label away: calls by it are refused from then on."""
    Prompt.objects.select_for_update(of=("self",)).get(
        pk=prompt.pk
    )  # before labels and rollouts, as everywhere
    label = Label.objects.filter(prompt=prompt, name=name).first()
    if label is None:
        raise PromptError(f"There is no label {name}.")
    if label.is_protected and name != PRODUCTION:
        raise PromptError(f"The label {name} is protected: end that first, or it would come back without.")
    _record(prompt, name, label.version, None, by, reason)
    label.delete()


@transaction.atomic
def roll_back(*, prompt: Prompt, name: str, by: User | None, reason: str = "") -> Label:
    """Moves a label to where it was before its last move. PromptError where it has been nowhere else."""
    label = Label.objects.filter(prompt=prompt, name=name).select_related("version").first()
    if label is None:
        raise PromptError(f"There is no label {name}.")
    target = previous_version(label)
    if target is None:
        raise PromptError(f"The label {name} has not been anywhere else it could go back to.")
    return move_label(prompt=prompt, name=name, version=target, by=by, reason=reason or "Rolled back.")


def previous_version(label: Label) -> PromptVersion | None:
    """The version that a label led to before: going back twice goes back two moves."""
    trail: list[int] = []
    moves = LabelMove.objects.filter(prompt=label.prompt, label=label.name).order_by("id")
    for move in moves:
        if move.to_version is None:
            trail.clear()
        elif len(trail) > 1 and trail[-2] == move.to_version:
            trail.pop()
        else:
            trail.append(move.to_version)
    if len(trail) < 2:
        return None
    return PromptVersion.objects.filter(prompt=label.prompt, number=trail[-2]).exclude(
        state__in=(VersionState.DRAFT, VersionState.WITHDRAWN)
    ).first()  # fmt: skip


@transaction.atomic
def protect(*, prompt: Prompt, name: str, is_protected: bool, by: User | None) -> None:
    """Protects a label, or ends that."""
    changed = Label.objects.filter(prompt=prompt, name=name).update(is_protected=is_protected)
    if not changed:
        raise PromptError(f"There is no label {name}.")
    note_change(prompt, by, f"{'Protected' if is_protected else 'No longer protects'} the label {name}.")


def is_protected(prompt: Prompt, name: str) -> bool:
    """Whether a label is protected. `production` is from the beginning, before anybody says otherwise."""
    label = Label.objects.filter(prompt=prompt, name=name).first()
    return label.is_protected if label else name == PRODUCTION


def has_protected_label(prompt: Prompt) -> bool:
    """Whether any label of a prompt is protected, made already or not."""
    labels = dict(Label.objects.filter(prompt=prompt).values_list("name", "is_protected"))
    return any(labels.values()) or PRODUCTION not in labels


PRODUCTION = "production"


def obstacles(version: PromptVersion) -> list[str]:
    """Why a protected label can't lead to a version; empty when it can."""
    found = []
    if version.state != VersionState.APPROVED:
        found.append(f"Version {version.number} is not approved yet.")
    for _, reasons in approval_asked.send(PromptVersion, version=version):
        found += cast(list[str], reasons)
    return found


def _record(
    prompt: Prompt,
    name: str,
    before: PromptVersion | None,
    after: PromptVersion | None,
    by: User | None,
    reason: str,
    *,
    is_automatic: bool = False,
) -> None:
    LabelMove.objects.create(
        prompt=prompt,
        label=name,
        from_version=before.number if before else None,
        to_version=after.number if after else None,
        reason=reason,
        is_automatic=is_automatic,
        moved_by=by,
    )
    label_moved.send(Label, prompt=prompt, name=name, by=by, reason=reason, now=utc_now())
    where = f"to version {after.number}" if after else "away"
    note_change(prompt, by, f"Moved the label {name} {where}. {reason}".strip())
