"""The rules of a deployment as fields of its form: for each what is done where a request breaks it."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.access.admin import OwnedForm
from gateway.catalogue.models import Deployment
from gateway.catalogue.rules import RULES, Action, Rule

_PREFIX = "rule_"
_WORDS = {Action.REPAIR: "Repair", Action.REFUSE: "Refuse", Action.PASS: "Let pass"}


def _field(rule: Rule) -> forms.ChoiceField:
    usual = _WORDS[rule.usual].lower()
    own = "" if rule.own is rule.usual else f"; at Bedrock's own entrance {_WORDS[rule.own].lower()}"
    choices = [("", f"Usual ({usual}{own})"), *((action.value, _WORDS[action]) for action in rule.actions)]
    repair = f"Repair: {rule.repair} " if rule.repair else ""
    return forms.ChoiceField(
        label=rule.title,
        choices=choices,
        required=False,
        help_text=f"{repair}Source: {rule.source}.",
        widget=UnfoldAdminSelectWidget(),
    )


class _Form(OwnedForm):
    """Keeps only what differs from the usual."""

    class Meta:
        model = Deployment
        fields = ("model", "region", "profile", "arn", "provider_account", "provider_model", "is_enabled")

    rule_names: ClassVar[tuple[str, ...]] = tuple(rule.name for rule in RULES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.rule_names:
            if _PREFIX + name in self.fields:
                self.initial.setdefault(_PREFIX + name, self.instance.rules.get(name, ""))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        chosen = {name: self.cleaned_data.get(_PREFIX + name) for name in self.rule_names}
        self.instance.rules = {name: action for name, action in chosen.items() if action}
        return cleaned


DeploymentForm: type[OwnedForm] = type(
    "DeploymentForm", (_Form,), {_PREFIX + rule.name: _field(rule) for rule in RULES}
)
RULE_FIELDS = tuple(_PREFIX + rule.name for rule in RULES)
