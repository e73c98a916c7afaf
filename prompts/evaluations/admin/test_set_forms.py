"""The forms of test sets: the set itself, one case, a file of cases, cases of calls, and a run."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.access.admin import OwnedForm
from accounts.admin.dollars import DollarsField
from accounts.models import User
from accounts.services.known_models import known_models
from governance.reviews.selectors import CHOICES
from prompts.evaluations.admin.assertion_fields import AssertionsFormField
from prompts.evaluations.models import TestSet
from prompts.evaluations.policy.cases import MAX_BYTES
from prompts.evaluations.policy.grid import DEFAULT_WEIGHTS
from prompts.evaluations.services.evaluations import MAX_AT_ONCE, MAX_REPEATS
from prompts.evaluations.services.required_tests import why_not_loosen, why_not_require
from prompts.evaluations.services.test_sets import case_problem, same_json
from prompts.registry.admin.editor_fields import came_back
from prompts.registry.models import VersionState
from prompts.registry.policy.document import Variable

_NEWEST = 20
_AREA = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{what} is not valid JSON: {error}.") from error


class TestSetForm(OwnedForm):
    """A set is for a prompt of its team, or for a shared one."""

    __test__ = False
    by: User
    judges: Sequence[str] = ()
    """Names of prompts that can judge."""
    assertions = AssertionsFormField(
        label="Assertions for every case", help_text="All of them must hold. A case may have more of its own."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "assertions" not in self.fields:  # the page is for reading
            return
        field: Any = self.fields["assertions"]
        field.shows(self.instance.assertions if self.instance.pk else [], judges=self.judges)
        if self.instance.pk:
            self._close(why_not_loosen(self.instance, self.by), "assertions", "pass_percent", "is_required")
            self._close(why_not_require(self.by, prompt=self.instance.prompt), "is_required")

    def _close(self, reason: str, *names: str) -> None:
        for name in (
            self.fields.keys() & names if reason else ()
        ):  # who only reads has the declared ones alone
            self.fields[name].disabled = True
            if not self.instance.is_required:  # else it is said above the form
                self.fields[name].help_text = reason

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        prompt = cleaned.get("prompt") or getattr(self.instance, "prompt", None) if self.instance.pk else cleaned.get("prompt")  # fmt: skip
        team = cleaned.get("team") or (self.instance.team if self.instance.pk else None)
        if "is_required" in self.changed_data and prompt is not None and team is not None:
            reason = why_not_require(self.by, prompt=prompt)
            if reason:
                raise ValidationError({"is_required": reason})
        return cleaned


class CaseForm(forms.Form):
    """One case. Each variable of the prompt has a field; where none is known, all are typed as JSON."""

    def __init__(
        self, data: Any = None, *, variables: tuple[Variable, ...], case: Any = None, judges: Sequence[str] = ()
    ) -> None:  # fmt: skip
        super().__init__(data)
        self._variables, self._case = variables, case
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
        assertions = AssertionsFormField(label="Assertions besides those of the set")
        assertions.shows(case.assertions if case is not None else [], judges=judges)
        self.fields["assertions"] = assertions
        self.fields["note"] = forms.CharField(
            label="Note", required=False, initial=case.note if case is not None else ""
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        values = {
            "variables": self._read_variables(cleaned),
            "expected": self._case.expected
            if self._is_as_served("expected")
            else _expected(cleaned["expected"]),
            "assertions": cleaned["assertions"],
            "note": self._case.note if self._is_as_served("note") else cleaned["note"],
        }
        if problem := case_problem(values):
            raise ValidationError(problem)
        self.values = values
        return cleaned

    def _is_as_served(self, name: str) -> bool:
        """Whether a case that is there already keeps what it has."""
        return self._case is not None and came_back(self[name])

    def _read_variables(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        found = _json(cleaned.get("others") or "{}", "What is typed there")
        if not isinstance(found, dict):
            raise ValidationError({"others": "Variables are a JSON object."})
        for variable in self._variables:
            name, text = variable.name, cleaned[f"var-{variable.name}"]
            if self._is_as_served(f"var-{name}"):
                if name in self._case.variables:
                    found[name] = self._case.variables[name]
            elif text != "" or (variable.type == "string" and variable.is_required):
                found[name] = text if variable.type == "string" else _json(text, f"“{name}”")
        return found

    def says_something_new(self) -> bool:
        """Whether the case would be another one, where the form is valid."""
        return any(not same_json(value, getattr(self._case, name)) for name, value in self.values.items())


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
        if file is not None and file.size > MAX_BYTES:
            raise ValidationError(
                {"file": f"At most {MAX_BYTES // 1024 // 1024} MB are taken. Split the file."}
            )
        if file is None and not cleaned.get("text"):
            raise ValidationError("Choose a file, or paste some lines.")
        return cleaned

    def raw(self) -> bytes:
        """The bytes of the file, or of what was pasted."""
        file = self.cleaned_data.get("file")
        return bytes(file.read()) if file is not None else str(self.cleaned_data["text"]).encode()


class WhichCallsForm(forms.Form):
    """Which calls are offered."""

    all = forms.ChoiceField(label="Calls", required=False)
    review = forms.ChoiceField(label="Review", required=False, choices=[("", "Any"), *CHOICES])

    def __init__(self, data: Any, *, test_set: TestSet) -> None:
        super().__init__(data)
        field: Any = self.fields["all"]
        field.choices = [("", f"Of {test_set.prompt.name}"), ("1", f"All of {test_set.team}")]

    def chosen(self) -> dict[str, Any]:
        """As `recorded_calls` takes it; what is no choice chooses nothing."""
        self.is_valid()
        found = self.cleaned_data
        return {"every_prompt": found.get("all") == "1", "review": found.get("review", "")}


class FromCallsForm(forms.Form):
    """Which variable the user's words go into, and whether the answer is what is expected."""

    variable = forms.ChoiceField(label="The user's last words go into")
    takes_answer = forms.BooleanField(
        label="Expect the recorded answer, or what a reviewer says it should have been", required=False, initial=True
    )  # fmt: skip

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
        label="Repeats", min_value=1, max_value=MAX_REPEATS, initial=1, help_text="More than one shows which cases are flaky."
    )  # fmt: skip
    cap = DollarsField(label="Cap on cost, in US dollars", initial="1.00", help_text="The run stops before it exceeds the cap, and can be resumed.")  # fmt: skip
    concurrency = forms.IntegerField(label="Calls at once", min_value=1, max_value=MAX_AT_ONCE, initial=4)
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
        """What `prompts.evaluations.services.evaluations.start` takes."""
        cleaned = self.cleaned_data
        models = [*([""] if cleaned["own_model"] or not cleaned["models"] else []), *cleaned["models"]]
        return {
            "candidates": [{"version": int(number), "model": model} for number in sorted(map(int, cleaned["versions"])) for model in models],
            "repeats": cleaned["repeats"], "budget_nanos": cleaned["cap"], "concurrency": cleaned["concurrency"],
            "weights": {name: cleaned[name] for name in DEFAULT_WEIGHTS},
        }  # fmt: skip
