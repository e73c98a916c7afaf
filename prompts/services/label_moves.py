"""Moves a label at the end of an experiment or a rollout."""

from accounts.models import User
from prompts.models import Label, PromptVersion
from prompts.policy.lifecycle import ImpossibleError
from prompts.services.labels import move_label
from prompts.services.prompts import PromptError


def move(
    *, label: Label, version: PromptVersion, by: User | None, reason: str, is_automatic: bool = False
) -> None:
    """Within a transaction that has locked the prompt. ImpossibleError where the label may not lead there."""
    try:
        move_label(
            prompt=label.prompt, name=label.name, version=version, by=by, reason=reason, is_automatic=is_automatic
        )  # fmt: skip
    except PromptError as error:
        raise ImpossibleError(str(error)) from error
