from typing import Any

from django import forms

from accounts.models import User
from kernel.errors import at
from prompts.registry.models import Prompt
from prompts.rollout.admin.traffic_form import ChecksFormField, TrafficPromptForm
from prompts.rollout.models import Arm, Experiment
from prompts.rollout.models.experiment import METRICS, UNITS, usual_metrics
from prompts.rollout.policy.experiments import MAX_ARMS, MAX_WEIGHT, check_arms, check_metrics
from prompts.rollout.policy.verdicts import MIN_MINIMUM

_PLAIN = ("name", "hypothesis", "label", "unit", "minimum", "checks")


class ExperimentForm(TrafficPromptForm):
    """An experiment and its arms: rows without a name are left out."""

    def __init__(self, data: Any = None, *, prompt: Prompt, instance: Experiment | None) -> None:
        super().__init__(data, prompt=prompt, instance=instance, initial=_initial(instance))
        label = self.fields.pop("label")
        self.fields["name"] = forms.CharField(max_length=100, help_text="Such as “Shorter answers”.")
        self.fields["hypothesis"] = forms.CharField(
            required=False, widget=forms.Textarea(attrs={"rows": 2}), label="What is expected",
            help_text="What is to become better, and why. For those who read the result.",
        )  # fmt: skip
        self.fields["label"] = label
        self.fields["unit"] = forms.ChoiceField(
            choices=UNITS, label="Callers are told apart by",
            help_text="The same one gets the same arm every time. Calls that name none are drawn by chance.",
        )  # fmt: skip
        self.fields["about"] = forms.ChoiceField(choices=METRICS, label="What it is about")
        self.fields["others"] = forms.MultipleChoiceField(
            choices=METRICS, required=False, widget=forms.CheckboxSelectMultiple, label="What must not suffer",
            help_text="Each more thing that is watched takes more calls until something can be said.",
        )  # fmt: skip
        self.fields["checks"] = ChecksFormField(
            instance.checks if instance else (),
            help_text="What every answer must be like, for “Answers that pass the checks”. An answer passes that meets all. Calls have no expected answer: say what to compare with.",
        )
        self.fields["minimum"] = forms.IntegerField(
            min_value=MIN_MINIMUM, max_value=10_000_000, label="Minimum sample",
            help_text="Nothing is said before each arm has had so many end users, sessions or calls.",
        )  # fmt: skip
        for index in range(MAX_ARMS):
            self._add_arm(index)

    def _add_arm(self, index: int) -> None:
        self.fields[f"arm_{index}_name"] = forms.CharField(required=False, max_length=50)
        self.fields[f"arm_{index}_version"] = forms.ChoiceField(
            required=False, choices=[("", ""), *self.version_choices()]
        )
        self.fields[f"arm_{index}_model"] = forms.ChoiceField(required=False, choices=self.model_choices())
        self.fields[f"arm_{index}_weight"] = forms.IntegerField(
            required=False, min_value=1, max_value=MAX_WEIGHT, initial=1
        )

    @property
    def arm_rows(self) -> list[list[Any]]:
        """The fields of the arms, row by row."""
        names = ("name", "version", "model", "weight")
        return [[self[f"arm_{index}_{name}"] for name in names] for index in range(MAX_ARMS)]

    @property
    def plain_fields(self) -> list[Any]:
        return [field for field in self if not field.name.startswith("arm_")]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        arms = []
        for index in range(MAX_ARMS):
            name, number, model, weight = (
                cleaned.get(f"arm_{index}_{each}") for each in ("name", "version", "model", "weight")
            )
            if name and not number:
                self.add_error(f"arm_{index}_version", "Which version?")
            elif name and number:
                arms.append((name, int(number), model or "", weight or 1))
        if not self.errors:
            with at():
                check_arms(arms)
            with at("checks"):
                check_metrics(_metrics(cleaned), has_checks=bool(cleaned["checks"]))
        cleaned["arms"] = arms
        return cleaned

    def save(self, *, by: User) -> Experiment:
        values = self.cleaned_data
        experiment = self.instance or Experiment(prompt=self.prompt, created_by=by)
        for name in _PLAIN:
            setattr(experiment, name, values[name])
        experiment.metrics = _metrics(values)
        experiment.save()
        experiment.arms.all().delete()
        for position, (name, number, model, weight) in enumerate(values["arms"]):
            Arm.objects.create(
                experiment=experiment, position=position, name=name, version=self.versions[number], model=model,
                weight=weight,
            )  # fmt: skip
        return experiment


def _metrics(values: dict[str, Any]) -> list[str]:
    """What it is about first."""
    about = values["about"]
    return [about, *(name for name in values["others"] if name != about)]


def _initial(instance: Experiment | None) -> dict[str, Any]:
    if instance is None:
        about, *others = usual_metrics()
        return {"about": about, "others": others, "minimum": 200, "arm_0_name": "as it is"}
    initial: dict[str, Any] = {name: getattr(instance, name) for name in _PLAIN}
    initial |= {"about": instance.metrics[0], "others": instance.metrics[1:]}
    for index, arm in enumerate(instance.arms.select_related("version")):
        initial |= {
            f"arm_{index}_name": arm.name,
            f"arm_{index}_version": str(arm.version.number),
            f"arm_{index}_model": arm.model,
            f"arm_{index}_weight": arm.weight,
        }
    return initial
