"""The forms of test sets: the set itself, one case, a file of cases, cases of calls, and a run."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.admin.dollars import DollarsField
from accounts.admin.typed import ModelForm
from accounts.models import User
from accounts.services.known_models import known_models
from prompts.models import TestSet, VersionState
from prompts.policy.assertions import BadAssertionError, decoded
from prompts.policy.cases import MOST_BYTES
from prompts.policy.document import Variable
from prompts.policy.grid import DEFAULT_WEIGHTS
from prompts.services.evaluations import MOST_AT_ONCE, MOST_REPEATS
from prompts.services.test_sets import may_require, problem_of

_NEWEST = 20
_AREA = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{what} is no JSON: {error}.") from error


class TestSetForm(ModelForm):
    """A set is for a prompt of its team, or for a shared one."""

    __test__ = False
    by: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "assertions" in self.fields:
            self.fields["assertions"].widget.attrs["rows"] = 4

    def clean_assertions(self) -> Any:
        found = self.cleaned_data["assertions"] or []
        try:
            decoded(found)
        except BadAssertionError as error:
            raise ValidationError(str(error)) from error
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        prompt = cleaned.get("prompt") or getattr(self.instance, "prompt", None) if self.instance.pk else cleaned.get("prompt")  # fmt: skip
        team = cleaned.get("team") or (self.instance.team if self.instance.pk else None)
        if prompt is not None and team is not None and prompt.team_id not in (None, team.pk):
            raise ValidationError({"prompt": "This is a prompt of another team."})
        if cleaned.get("is_required") and prompt is not None and not may_require(self.by, prompt):
            raise ValidationError({"is_required": "Only superusers require tests of shared prompts."})
        return cleaned


class CaseForm(forms.Form):
    """One case. Each variable of the prompt has a field; where none is known, all are typed as JSON."""

    def __init__(self, data: Any = None, *, variables: tuple[Variable, ...], case: Any = None) -> None:
        super().__init__(data)
        self._variables = variables
        known = case.variables if case is not None else {}
        for variable in variables:
            self.fields[f"var-{variable.name}"] = forms.CharField(
                label=variable.name, required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2}),
                help_text=variable.description or ("" if variable.type == "string" else f"JSON: {variable.type}"),
                initial=_shown(known.get(variable.name)),
            )  # fmt: skip
        others = {name: value for name, value in known.items() if name not in {v.name for v in variables}}
        if not variables or others:
            self.fields["others"] = forms.CharField(
                label="Other variables, as JSON" if variables else "Variables, as JSON", required=False, widget=_AREA,
                initial=json.dumps(others, ensure_ascii=False, indent=2) if others else "", help_text='Such as {"question": "Where is my order?"}.',
            )  # fmt: skip
        self.fields["expected"] = forms.CharField(
            label="Expected answer", required=False, widget=_AREA, help_text="A text, or a JSON object or list. Empty: nothing to compare with.",
            initial=_shown(case.expected) if case is not None else "",
        )  # fmt: skip
        self.fields["assertions"] = forms.CharField(
            label="Assertions besides those of the set, as JSON", required=False, widget=_AREA,
            initial=json.dumps(case.assertions, ensure_ascii=False, indent=2) if case is not None and case.assertions else "",
            help_text='Such as [{"kind": "contains", "texts": ["refund"]}].',
        )  # fmt: skip
        self.fields["note"] = forms.CharField(
            label="Note", required=False, initial=case.note if case is not None else ""
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        variables = _json(cleaned.get("others") or "{}", "What is typed there")
        if not isinstance(variables, dict):
            raise ValidationError({"others": "Variables are a JSON object."})
        for variable in self._variables:
            text = cleaned[f"var-{variable.name}"]
            if text == "" and (variable.type != "string" or not variable.is_required):
                continue
            variables[variable.name] = (
                text if variable.type == "string" else _json(text, f"“{variable.name}”")
            )
        assertions = _json(cleaned["assertions"] or "[]", "The assertions")
        values = {
            "variables": variables, "expected": _expected(cleaned["expected"]), "assertions": assertions,
            "note": cleaned["note"],
        }  # fmt: skip
        if problem := problem_of(values):
            raise ValidationError(problem)
        self.values = values
        return cleaned


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _expected(text: str) -> Any:
    """Empty is nothing; what reads as a JSON object or list is one."""
    if not text.strip():
        return None
    if text.lstrip()[0] in "{[":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


class ImportForm(forms.Form):
    """A file, or text that is pasted."""

    file = forms.FileField(label="A file", required=False)
    text = forms.CharField(
        label="Or paste it here", required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "placeholder": "question,expected\nWhere is my order?,On its way"}),
    )  # fmt: skip
    kind = forms.ChoiceField(label="It is", choices=[("csv", "CSV"), ("jsonl", "JSON lines")])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file is not None and file.size > MOST_BYTES:
            raise ValidationError(
                {"file": f"At most {MOST_BYTES // 1024 // 1024} MB are taken. Split the file."}
            )
        if file is None and not cleaned.get("text"):
            raise ValidationError("Choose a file, or paste some lines.")
        return cleaned

    def raw(self) -> bytes:
        """The bytes of the file, or of what was pasted."""
        file = self.cleaned_data.get("file")
        return bytes(file.read()) if file is not None else str(self.cleaned_data["text"]).encode()


class FromCallsForm(forms.Form):
    """Which variable the user's words go into, and whether the answer is what is expected."""

    variable = forms.ChoiceField(label="The user's last words go into")
    takes_answer = forms.BooleanField(label="Expect the recorded answer", required=False, initial=True)

    def __init__(self, data: Any = None, *, variables: tuple[Variable, ...]) -> None:
        super().__init__(data)
        field: Any = self.fields["variable"]
        field.choices = [(each.name, each.name) for each in variables if each.type == "string" and not each.is_personal]  # fmt: skip


class RunForm(forms.Form):
    """What to run, over which versions and models, and what it may cost."""

    versions = forms.MultipleChoiceField(label="Versions", widget=forms.CheckboxSelectMultiple)
    models = forms.MultipleChoiceField(
        label="Models", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Each version is run with each model that is chosen. With none, with its own.",
    )  # fmt: skip
    own_model = forms.BooleanField(label="The version's own model", required=False, initial=True)
    repeats = forms.IntegerField(
        label="Times each", min_value=1, max_value=MOST_REPEATS, initial=1, help_text="More than once shows which cases are flaky."
    )  # fmt: skip
    cap = DollarsField(label="Cap on cost, in US dollars", initial="1.00", help_text="It stops before it costs more, and can be resumed.")  # fmt: skip
    concurrency = forms.IntegerField(label="Calls at once", min_value=1, max_value=MOST_AT_ONCE, initial=4)
    cost = forms.FloatField(label="Weight of cost", min_value=0, max_value=1, initial=DEFAULT_WEIGHTS["cost"])
    quality = forms.FloatField(label="of quality", min_value=0, max_value=1, initial=DEFAULT_WEIGHTS["quality"])  # fmt: skip
    latency = forms.FloatField(label="of latency", min_value=0, max_value=1, initial=DEFAULT_WEIGHTS["latency"])  # fmt: skip

    def __init__(self, data: Any = None, *, test_set: TestSet) -> None:
        super().__init__(data)
        newest = list(test_set.prompt.versions.exclude(state=VersionState.WITHDRAWN).order_by("-number")[:_NEWEST])  # fmt: skip
        fields: Any = self.fields
        fields["versions"].choices = [(each.number, f"Version {each.number}, {each.get_state_display().lower()}") for each in newest]  # fmt: skip
        fields["versions"].initial = [newest[0].number] if newest else []
        fields["models"].choices = [(name, name) for name in sorted(known_models())]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and cleaned["cap"] is None:
            raise ValidationError({"cap": "Say what the run may cost."})
        return cleaned

    def options(self) -> dict[str, Any]:
        """What `prompts.services.evaluations.start` takes."""
        cleaned = self.cleaned_data
        models = [*([""] if cleaned["own_model"] or not cleaned["models"] else []), *cleaned["models"]]
        return {
            "candidates": [{"version": int(number), "model": model} for number in sorted(map(int, cleaned["versions"])) for model in models],
            "repeats": cleaned["repeats"], "budget_nanos": cleaned["cap"], "concurrency": cleaned["concurrency"],
            "weights": {name: cleaned[name] for name in DEFAULT_WEIGHTS},
        }  # fmt: skip
