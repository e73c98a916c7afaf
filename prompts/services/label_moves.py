"""Moves a label that is locked already, for the ends of experiments and rollouts."""

from accounts.models import User
from prompts.models import Label, LabelMove, PromptVersion


def move(
    *, label: Label, version: PromptVersion, by: User | None, reason: str, is_automatic: bool = False
) -> None:
    """Within a transaction, the label locked."""
    before = label.version.number
    label.version = version
    label.save(update_fields=("version", "moved_at"))
    LabelMove.objects.create(
        prompt=label.prompt, label=label.name, from_version=before, to_version=version.number, reason=reason,
        is_automatic=is_automatic, moved_by=by,
    )  # fmt: skip
