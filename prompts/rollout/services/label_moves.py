"""Moves a label at the end of an experiment or a rollout."""

from accounts.models import User
from prompts.registry.models import Label, PromptVersion
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import PromptError
from prompts.rollout.policy.lifecycle import LifecycleError


def move(
    *, label: Label, version: PromptVersion, by: User | None, reason: str, is_automatic: bool = False
) -> None:
    """Within a transaction that has locked the prompt. LifecycleError where the label may not lead there."""
    try:
        move_label(
            prompt=label.prompt, name=label.name, version=version, by=by, reason=reason, is_automatic=is_automatic
        )  # fmt: skip
    except PromptError as error:
        raise LifecycleError(str(error)) from error
