from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import Application, User
from kernel.errors import at
from kernel.money import dollars_to_nanos, plain_usd
from prompts.registry.models import Prompt
from prompts.rollout.admin.traffic_form import ChecksFormField, TrafficPromptForm
from prompts.rollout.models import Rollout
from prompts.rollout.models.experiment import UNITS
from prompts.rollout.models.rollout import usual_guardrails, usual_plan
from prompts.rollout.policy.bounds import NAMES, Guard
from prompts.rollout.services.rollouts import check_plan

STEPS = 6
ATTRIBUTES = 2


class RolloutForm(TrafficPromptForm):
    """A rollout: its steps, whom it is for, and what takes it back. Rows without a share are left out."""

    def __init__(self, data: Any = None, *, prompt: Prompt, instance: Rollout | None) -> None:
        super().__init__(data, prompt=prompt, instance=instance, initial=_initial(instance))
        label = self.fields.pop("label")
        self.fields["version"] = forms.ChoiceField(
            choices=self.version_choices(), help_text="Only approved versions can be rolled out."
        )
        self.fields["label"] = label
        label.label = "To"
        label.help_text = "It is moved at the end, and until then its other callers get the version it is on."
        self.fields["unit"] = forms.ChoiceField(
            choices=UNITS, label="Callers are told apart by",
            help_text="Who got the version once keeps it. Calls that name none are drawn by chance.",
        )  # fmt: skip
        for index in range(STEPS):
            self._add(f"step_{index}_share", forms.DecimalField(min_value=Decimal("0.01"), max_value=100))
            self._add(f"step_{index}_minutes", forms.IntegerField(min_value=0))
            self._add(f"step_{index}_calls", forms.IntegerField(min_value=0))
        for guard in Guard:
            most = forms.DecimalField(min_value=0, decimal_places=9, max_digits=15)
            self._add(f"guard_{guard.value}_most", most)
            self._add(f"guard_{guard.value}_times", forms.FloatField(min_value=1))
        self.fields["checks"] = ChecksFormField(
            instance.checks if instance else (),
            help_text="What every answer must be like, for “Answers that fail the checks” above. Calls have no expected answer: say what to compare with.",
        )
        if prompt.team_id is not None:
            rows = Application.objects.filter(team=prompt.team_id, is_internal=False)
            choices = [(str(row.pk), row.name) for row in rows]
            field = forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple)
            self._add("segment_applications", field)
        for index in range(ATTRIBUTES):
            self._add(f"segment_{index}_name", forms.CharField(max_length=100))
            self._add(f"segment_{index}_values", forms.CharField(max_length=1000))

    def _add(self, name: str, field: forms.Field) -> None:
        field.required = False
        self.fields[name] = field

    @property
    def plain_fields(self) -> list[Any]:
        return [self[name] for name in ("version", "label", "unit")]

    @property
    def step_rows(self) -> list[list[Any]]:
        return [
            [self[f"step_{index}_{name}"] for name in ("share", "minutes", "calls")] for index in range(STEPS)
        ]

    @property
    def guard_rows(self) -> list[tuple[str, str, Any, Any]]:
        """What is watched, in which unit, and its two bounds."""
        return [
            (
                f"{NAMES[guard][:1].upper()}{NAMES[guard][1:]}",
                "US dollars" if guard is Guard.COST else "per cent",
                self[f"guard_{guard.value}_most"],
                self[f"guard_{guard.value}_times"],
            )
            for guard in Guard
        ]

    @property
    def applications(self) -> Any:
        return self["segment_applications"] if "segment_applications" in self.fields else None

    @property
    def attribute_rows(self) -> list[list[Any]]:
        return [
            [self[f"segment_{index}_{name}"] for name in ("name", "values")] for index in range(ATTRIBUTES)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        rollout = self.instance or Rollout(prompt=self.prompt)
        rollout.plan, rollout.guardrails = _plan(cleaned), _guardrails(cleaned)
        rollout.segment, rollout.checks = _segment(cleaned), cleaned["checks"]
        with at():
            check_plan(rollout)
        self.instance = rollout
        return cleaned

    def save(self, *, by: User) -> Rollout:
        rollout: Rollout = self.instance
        if rollout.pk is None:
            rollout.created_by = by
        rollout.version = self.versions[int(self.cleaned_data["version"])]
        rollout.label, rollout.unit = self.cleaned_data["label"], self.cleaned_data["unit"]
        if rollout.pk is None:
            rollout.save()
        else:
            rollout.save(
                update_fields=("version", "label", "unit", "plan", "guardrails", "checks", "segment")
            )
        return rollout


def _plan(cleaned: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "share": float(share / 100),
            "minutes": cleaned.get(f"step_{index}_minutes") or 0,
            "calls": cleaned.get(f"step_{index}_calls") or 0,
        }
        for index in range(STEPS)
        if (share := cleaned.get(f"step_{index}_share"))
    ]


def _guardrails(cleaned: dict[str, Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for guard in Guard:
        most, times = cleaned.get(f"guard_{guard.value}_most"), cleaned.get(f"guard_{guard.value}_times")
        bounds: dict[str, float] = {}
        if most is not None:
            bounds["most"] = dollars_to_nanos(str(most)) if guard is Guard.COST else float(most / 100)
        if times is not None:
            bounds["times"] = times
        if bounds:
            found[guard.value] = bounds
    return found


def _segment(cleaned: dict[str, Any]) -> dict[str, Any]:
    attributes = {}
    for index in range(ATTRIBUTES):
        name = (cleaned.get(f"segment_{index}_name") or "").strip()
        values = [value.strip() for value in (cleaned.get(f"segment_{index}_values") or "").split(",")]
        if name and any(values):
            attributes[name] = [value for value in values if value]
    applications = [int(each) for each in cleaned.get("segment_applications") or ()]
    segment = {"applications": applications, "attributes": attributes}
    return {name: value for name, value in segment.items() if value}


def _initial(instance: Rollout | None) -> dict[str, Any]:
    plan = instance.plan if instance else usual_plan()
    guardrails = instance.guardrails if instance else usual_guardrails()
    initial: dict[str, Any] = {}
    for index, step in enumerate(plan):
        initial |= {
            f"step_{index}_share": f"{step['share'] * 100:g}",
            f"step_{index}_minutes": step["minutes"],
            f"step_{index}_calls": step["calls"],
        }
    for name, bounds in guardrails.items():
        most = bounds.get("most")
        if most is not None:
            initial[f"guard_{name}_most"] = plain_usd(int(most)) if name == "cost" else f"{most * 100:g}"
        initial[f"guard_{name}_times"] = bounds.get("times")
    if instance is None:
        return initial
    initial |= {
        "version": str(instance.version.number), "label": instance.label, "unit": instance.unit,
        "segment_applications": [str(each) for each in instance.segment.get("applications", ())],
    }  # fmt: skip
    for index, (name, values) in enumerate(instance.segment.get("attributes", {}).items()):
        initial |= {f"segment_{index}_name": name, f"segment_{index}_values": ", ".join(values)}
    return initial
