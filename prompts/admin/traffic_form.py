"""What the forms of experiments and of rollouts share: choices out of one prompt."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.services.known_models import known_models
from prompts.models import Prompt, PromptVersion, VersionState
from prompts.policy.answer_check import checks_of
from prompts.policy.assertions import BadAssertionError

Choices = list[tuple[str, str]]


_CHECKS_EXAMPLE = """[
  {"kind": "contains", "texts": ["refund"]},
  {"kind": "forbidden", "texts": ["as an AI"]}
]"""


class ChecksField(forms.CharField):
    """What answers must be like, as a JSON list of assertions; nothing for no checks."""

    def __init__(self, **options: Any) -> None:
        attributes = {"rows": 6, "spellcheck": "false", "class": "gh-mono", "placeholder": _CHECKS_EXAMPLE}
        super().__init__(
            required=False, widget=forms.Textarea(attrs=attributes), label="Checks of answers", **options
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value  # what was typed in
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return []
        try:
            found = json.loads(text)
            checks_of(found)
        except json.JSONDecodeError as error:
            raise ValidationError(f"This is no JSON. Line {error.lineno}: {error.msg}.") from error
        except RecursionError as error:
            raise ValidationError("This is nested too deeply.") from error
        except BadAssertionError as error:
            raise ValidationError(str(error)) from error
        return found


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
