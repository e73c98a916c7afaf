"""The forms of a policy's pages: the policy, its rules as rows, what is tried."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.access.admin import CheckedForm, OwnedForm
from accounts.admin.typed import InlineFormSet, ModelForm
from governance.privacy.models import RedactionRule
from governance.privacy.policy.kinds import KINDS, title
from governance.privacy.services.privacy import check_other_model, check_rule, rule_of
from kernel.errors import at

_LINES = ("patterns", "deny", "allow", "context", "languages")


class PolicyForm(OwnedForm):
    """Who it is for is chosen once; a policy of the organisation is for superusers."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        application = cleaned.get("application")
        if self.instance.pk is None and application is not None and not cleaned.get("team"):
            cleaned["team"] = self.instance.team = application.team
        if "other_model" in cleaned:
            with at("other_model"):
                check_other_model(cleaned["other_model"])
        return cleaned


class LinesField(forms.CharField):
    """A list, one entry a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != list(initial or []))


def _kinds() -> list[tuple[str, str]]:
    return [(kind, words) for words, kind in sorted((title(kind), kind) for kind in KINDS)]


class RuleForm(CheckedForm, ModelForm):
    """What both kinds of rule share: the whole rule is tried before it is kept."""

    class Meta:
        model = RedactionRule
        fields: tuple[str, ...] = RedactionRule.FIELDS

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        rule = RedactionRule(
            **{name: cleaned.get(name, getattr(self.instance, name)) for name in RedactionRule.FIELDS}
        )
        with at():
            check_rule(rule_of(rule))
        return cleaned


class RuleKindForm(RuleForm):
    """A built-in kind."""

    entity = forms.ChoiceField(label="Kind", widget=UnfoldAdminSelectWidget, choices=_kinds)
    allow = LinesField(label="Allow list")

    class Meta(RuleForm.Meta):
        fields = ("entity", "threshold", "to_model", "to_client", "to_log", "allow")


class OwnRuleForm(RuleForm):
    """A rule of an admin's own."""

    patterns = LinesField(label="Patterns", help_text="Regular expressions (RE2 syntax), one per line.")
    deny = LinesField(
        label="Deny list", help_text="Words or phrases that are always found, one per line, case-insensitive."
    )
    allow = LinesField(
        label="Allow list", help_text="Values that are never found, one per line, case-insensitive."
    )
    context = LinesField(
        label="Context words", help_text="One per line: at least one must occur near a match of a pattern."
    )
    languages = LinesField(
        label="Languages", help_text="Two-letter codes, one per line. Empty: every language."
    )

    def clean_entity(self) -> str:
        return str(self.cleaned_data["entity"]).strip().upper().replace(" ", "_").replace("-", "_")


class KindFormSet(InlineFormSet):
    """The rules without patterns and words."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(patterns=[], deny=[])


class OwnRuleFormSet(InlineFormSet):
    """The rules with patterns or words."""

    def get_queryset(self) -> Any:
        return super().get_queryset().exclude(patterns=[], deny=[])


class TryForm(forms.Form):
    """A text to try the draft on."""

    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 8, "maxlength": 100_000}),
        max_length=100_000,
        strip=False,
        label="A text to try",
    )
    role = forms.ChoiceField(
        choices=(("user", "A user wrote it"), ("document", "It was retrieved"), ("tool", "A tool answered it")),
        required=False, initial="user", label="For screening: where it comes from",
    )  # fmt: skip

    def clean_role(self) -> str:
        return self.cleaned_data["role"] or "user"


class DryRunForm(forms.Form):
    """What to play a draft against: calls on record, or texts."""

    days = forms.IntegerField(
        min_value=1, max_value=90, initial=7, required=False, label="Calls of so many days"
    )
    texts = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}), required=False, max_length=200_000, strip=False,
        label="Or texts of your own, an empty line between them",
    )  # fmt: skip

    def lines(self) -> list[str]:
        """The texts that were pasted."""
        pasted = str(self.cleaned_data.get("texts") or "").replace("\r\n", "\n")
        return [text for text in pasted.split("\n\n") if text.strip()]


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), label="Why")
