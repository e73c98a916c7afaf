"""Prompts out to files and in from them."""

from django.db import transaction

from accounts.models import Team, User
from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.policy.document import decode_document, encode_document
from prompts.registry.policy.files import PromptFile, read_file, write_file
from prompts.registry.services.prompts import (
    check_prompt_tags,
    create_prompt,
    new_draft,
    note_change,
    save_draft,
)


def exported(version: PromptVersion) -> str:
    """A version as a YAML file."""
    prompt = version.prompt
    return write_file(
        PromptFile(
            name=prompt.name,
            document=decode_document(version.document),
            description=prompt.description,
            tags=list(prompt.tags),
            fallback=prompt.fallback,
            note=version.note,
            goal=version.goal,
        )
    )


@transaction.atomic
def imported(*, text: str, team: Team | None, by: User | None) -> tuple[Prompt, PromptVersion | None]:
    """The prompt that a file names, made if there is none, and the draft of what the file says; None where it says
    what the last version does. BadFileError, ValidationError."""
    file = read_file(text)
    prompt = Prompt.objects.filter(team=team, name=file.name).first()
    if prompt is None:
        prompt = create_prompt(
            team=team,
            name=file.name,
            by=by,
            description=file.description,
            tags=file.tags,
            fallback=file.fallback,
        )
    else:
        _settings(prompt, file, by)
    last = prompt.versions.first()
    if last is not None and encode_document(decode_document(last.document)) == encode_document(file.document):
        return prompt, None
    # Somebody else's open draft is theirs: it is not written over.
    is_own = (
        last is not None and last.is_draft and set(last.editors) <= ({by.pk} if by is not None else set())
    )
    draft = last if last is not None and is_own else new_draft(prompt=prompt, by=by)
    return prompt, save_draft(
        version=draft, document=file.document, revision=draft.revision, by=by, note=file.note, goal=file.goal
    )


def _settings(prompt: Prompt, file: PromptFile, by: User | None) -> None:
    check_prompt_tags(prompt=prompt, tags=file.tags, by=by)
    changed = [
        name for name in ("description", "tags", "fallback") if getattr(prompt, name) != getattr(file, name)
    ]
    for name in changed:
        setattr(prompt, name, getattr(file, name))
    if changed:
        prompt.full_clean()
        prompt.save(update_fields=changed)
        note_change(prompt, by, f"Changed by a file: {', '.join(changed)}.")
