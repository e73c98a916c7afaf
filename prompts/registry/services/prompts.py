"""Prompts and their versions: drafts that are saved without losing anybody's work, and what becomes of them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.db.models import F, Max, RestrictedError

from accounts.access.principals import has_capability
from accounts.models import Team, User
from accounts.policy.roles import Capability
from accounts.services.known_models import known_models
from governance.privacy.services.privacy import UnusablePolicyError, policy_document_from
from kernel.clock import utc_now
from kernel.errors import ConflictError
from kernel.stored_json import unkeepable
from prompts.registry.models import Label, Prompt, PromptVersion, ReviewRule, VersionState
from prompts.registry.policy.document import Document, decode_document, encode_document
from prompts.registry.policy.rendering import Compiled, UnusableVersionError
from prompts.registry.services.model_problems import model_problems


class PromptError(ConflictError):
    """What is asked can't be done; the message says why, and what to do: each of `problems` by itself, if there are any."""

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        super().__init__(message, problems=list(problems))
        self.problems = list(problems)

    @property
    def messages(self) -> list[str]:
        return self.problems or [str(self)]


class StaleDraftError(PromptError):
    """Somebody else saved the draft since it was opened."""


def note_change(prompt: Prompt, by: User | None, message: str, *, kind: int = CHANGE) -> None:
    """Puts on record who did what, to be seen on the prompt's page; by nobody where a command does it."""
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [prompt], kind, message, single_object=True)


@transaction.atomic
def create_prompt(
    *,
    team: Team | None,
    name: str,
    by: User | None,
    description: str = "",
    tags: list[str] | None = None,
    fallback: str = "",
) -> Prompt:
    """Makes a prompt with an empty draft. ValidationError where the name can't be taken."""
    prompt = Prompt(
        team=team, name=name, description=description, tags=tags or [], fallback=fallback, created_by=by
    )
    prompt.full_clean()
    prompt.save()
    new_draft(prompt=prompt, by=by)
    note_change(prompt, by, "Made.", kind=ADDITION)
    return prompt


@transaction.atomic
def new_draft(*, prompt: Prompt, by: User | None, based_on: PromptVersion | None = None) -> PromptVersion:
    """A new draft: a copy of a version, or empty."""
    Prompt.objects.select_for_update().get(pk=prompt.pk)
    last = prompt.versions.aggregate(last=Max("number"))["last"] or 0
    return PromptVersion.objects.create(
        prompt=prompt,
        number=last + 1,
        author=by,
        editors=[by.pk] if by is not None else [],
        document=based_on.document if based_on else {},
    )


@transaction.atomic
def save_draft(
    *,
    version: PromptVersion,
    document: Document,
    revision: int,
    by: User | None,
    note: str | None = None,
    goal: str | None = None,
) -> PromptVersion:
    """Saves a draft, whatever is still wrong with it. StaleDraftError where `revision` is not the last one; PromptError."""
    changes: dict[str, Any] = {"document": encode_document(document)}
    changes |= {name: value for name, value in (("note", note), ("goal", goal)) if value is not None}
    if problem := unkeepable(changes):
        raise PromptError(f"The version has {problem}.")
    if by is not None:
        changes["editors"] = [*(each for each in version.editors if each != by.pk), by.pk]
    saved = PromptVersion.objects.filter(pk=version.pk, revision=revision, state=VersionState.DRAFT).update(
        revision=F("revision") + 1, updated_at=utc_now(), **changes
    )
    version.refresh_from_db()
    if saved:
        return version
    if version.state != VersionState.DRAFT:
        raise PromptError(
            f"Version {version.number} was submitted and can't be changed. Make a new draft of it."
        )
    last_editor = User.objects.filter(pk__in=version.editors[-1:]).first()
    raise StaleDraftError(
        f"{last_editor or 'Somebody'} saved this draft while you had it open. Your text is still here: "
        "open the draft in another window, put both together, and save again."
    )


def problems_of(version: PromptVersion) -> list[str]:
    """Why a version can't be run or submitted, in words; empty when it can."""
    try:
        document = decode_document(version.document)
    except msgspec.ValidationError as error:
        return [f"The document does not fit: {error}."]
    problems: list[str] = []
    try:
        Compiled(document)
    except UnusableVersionError as error:
        problems += error.problems
    models = {name for name in known_models() if not name.startswith("prompt/")}
    if not document.model:
        problems.append("Choose the model that answers.")
    elif models and document.model not in models:
        problems.append(f"There is no model “{document.model}”. Choose one of the routes.")
    if document.limits.summary_model and models and document.limits.summary_model not in models:
        problems.append(f"There is no model “{document.limits.summary_model}” to summarise with.")
    return problems + _privacy_problems(document)


def draft_problems(version: PromptVersion) -> list[str]:
    """Why a draft can't be submitted, in words; empty when it can."""
    return problems_of(version) or model_problems(decode_document(version.document))


def _privacy_problems(document: Document) -> list[str]:
    if document.privacy is None:
        return []
    try:
        policy_document_from(document.privacy)
    except (msgspec.ValidationError, UnusablePolicyError) as error:
        return [f"The privacy policy: {error}"]
    return []


def document_digest(document: dict[str, Any]) -> str:
    """SHA-256 of a document, the same however its members are ordered."""
    return sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def check_prompt_tags(*, prompt: Prompt, tags: list[str], by: User | None) -> None:
    """PromptError where a tag that an approval rule goes by is put on or taken off by somebody who may not make rules."""
    changed = set(prompt.tags) ^ set(tags)
    if (
        by is None
        or prompt.team is None
        or not changed
        or has_capability(by, Capability.MANAGE_TEAM, prompt.team_id)
    ):
        return
    if ruled := sorted(
        ReviewRule.objects.filter(team=prompt.team, tag__in=changed).values_list("tag", flat=True)
    ):
        raise PromptError(f"Approval rules go by the tag {ruled[0]}: ask who manages the team to change it.")


@transaction.atomic
def delete_draft(*, version: PromptVersion, by: User | None) -> None:
    """Throws a draft away. PromptError for a version that was submitted, which is on record for good, or is in use."""
    try:
        deleted, _ = PromptVersion.objects.filter(pk=version.pk, state=VersionState.DRAFT).delete()
    except RestrictedError as error:
        raise PromptError("An experiment or a rollout names this draft: take it out there first.") from error
    if not deleted:
        raise PromptError("This version was submitted: it stays on record.")
    note_change(version.prompt, by, f"Threw the draft {version.number} away.")


@transaction.atomic
def switch(*, prompt: Prompt, on: bool, by: User | None, reason: str = "") -> None:
    """Switches a prompt on, or off: then every call gets the fallback answer within a second."""
    if not on and not prompt.fallback:
        raise PromptError("Write a fallback answer first: it is what callers get while the prompt is off.")
    for label in () if on else prompt.labels.select_related("version"):
        if error := prompt.misfit(label.version):
            raise PromptError(f"{error} (version {label.version.number}, {label.name}). Mend it first.")
    Prompt.objects.filter(pk=prompt.pk).update(is_enabled=on)
    prompt.is_enabled = on
    note_change(prompt, by, f"Switched {'on' if on else 'off'}. {reason}".strip())


@transaction.atomic
def archive(*, prompt: Prompt, by: User | None) -> None:
    """Takes a prompt out of use; versions and records stay. PromptError while a label leads to it."""
    if labels := list(Label.objects.filter(prompt=prompt).values_list("name", flat=True)):
        raise PromptError(
            f"Applications can still call it by {', '.join(labels)}. Take the labels away first."
        )
    Prompt.objects.filter(pk=prompt.pk).update(archived_at=utc_now())
    note_change(prompt, by, "Archived.")


@transaction.atomic
def restore(*, prompt: Prompt, by: User | None) -> None:
    """Brings an archived prompt back."""
    Prompt.objects.filter(pk=prompt.pk).update(archived_at=None)
    note_change(prompt, by, "Brought back.")
