"""What the forms of experiments and of rollouts share: choices out of one prompt."""

from typing import Any

from django import forms

from accounts.services.known_models import known_models
from prompts.models import Prompt, PromptVersion, VersionState

Choices = list[tuple[str, str]]


class PromptForm(forms.Form):
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
