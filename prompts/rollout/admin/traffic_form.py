"""What the forms of experiments and of rollouts share: choices out of one prompt."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.access.admin import CheckedForm, as_typed
from accounts.services.known_models import known_models
from prompts.evaluations.admin.assertion_fields import AssertionsFormField
from prompts.registry.models import Prompt, PromptVersion, VersionState
from prompts.rollout.policy.answer_check import checks_of

Choices = list[tuple[str, str]]
_CHECKS = ("contains", "forbidden", "pattern", "json_schema", "equals", "numeric")
"""The kinds of assertion that take nothing but the answer."""


class ChecksFormField(AssertionsFormField):
    """What every answer must be like; nothing for no checks."""

    def __init__(self, stored: Sequence[Any], **options: Any) -> None:
        super().__init__(kinds=_CHECKS, label="Checks of answers", **options)
        self.shows(stored)

    def clean(self, value: Any) -> list[Any]:
        found = super().clean(value)
        with as_typed():
            checks_of(found)
        return found


class TrafficPromptForm(CheckedForm, forms.Form):
    """Labels and approved versions of one prompt to choose from."""

    def __init__(self, data: Any, *, prompt: Prompt, instance: Any, initial: dict[str, Any]) -> None:
        self.prompt, self.instance = prompt, instance
        self.versions = {
            version.number: version
            for version in prompt.versions.filter(state=VersionState.APPROVED).order_by("-number")
        }
        super().__init__(data, initial=initial)
        self.fields["label"] = forms.ChoiceField(
            choices=[
                (label.name, f"{label.name} (now version {label.version.number})")
                for label in prompt.labels.select_related("version")
            ],
            help_text="Whose calls are shared out.",
        )

    def version_choices(self) -> Choices:
        return [
            (str(number), f"version {number}{_short(version)}") for number, version in self.versions.items()
        ]

    @staticmethod
    def model_choices() -> Choices:
        return [("", "its own model"), *((name, name) for name in sorted(known_models()))]


def _short(version: PromptVersion) -> str:
    note = version.note.strip().splitlines()[0][:40] if version.note.strip() else ""
    return f": {note}" if note else ""
