from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, OwnedForm, principal
from accounts.admin.filters import TeamFilter
from accounts.models import Team, User
from prompts.registry.models import Part, ReviewRule
from prompts.registry.selectors.reviews import reviewers_of


class ReviewRuleForm(OwnedForm):
    """Reviewers are people who may approve in the team."""

    parts = forms.MultipleChoiceField(
        choices=Part.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Only where changed",
        help_text="None chosen: whatever changed.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        team = cleaned.get("team") if self.instance.pk is None else self.instance.team
        reviewers, approvals = cleaned.get("reviewers"), cleaned.get("approvals")
        if reviewers is not None and team is not None:
            allowed = set(reviewers_of(team).values_list("pk", flat=True))
            strange = [str(user) for user in reviewers if user.pk not in allowed]
            if strange:
                self.add_error("reviewers", f"May not approve in this team: {', '.join(strange)}.")
            elif reviewers and approvals and len(reviewers) < approvals:
                self.add_error(
                    "approvals", f"There are only {len(reviewers)} reviewers: the rule could never be met."
                )
        return cleaned


@admin.register(ReviewRule)
class ReviewRuleAdmin(OwnedAdmin):
    """Who must approve what before a protected label can move to it."""

    form = ReviewRuleForm
    fixed_fields = ("team",)
    list_display = ("name", "team", "approvals", "about", "whose")
    list_filter = (TeamFilter,)
    list_select_related = ("team",)
    search_fields = ("name", "team__name")
    fields: ClassVar[tuple[Any, ...]] = (("team", "name"), ("approvals", "tag"), "parts", "reviewers")
    filter_horizontal = ("reviewers",)
    empty_hint = (
        "Without a rule a submitted version is approved at once. Add one to have others read it first."
    )

    @admin.display(description="About")
    def about(self, rule: ReviewRule) -> str:
        titles = dict(Part.choices)
        parts = ", ".join(titles.get(part, part) for part in rule.parts) or "Whatever changed"
        return f"{parts}; tag {rule.tag}" if rule.tag else parts

    @admin.display(description="Reviewers")
    def whose(self, rule: ReviewRule) -> str:
        return ", ".join(map(str, rule.reviewers.all())) or "Everybody who may approve"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "reviewers":
            teams = Team.objects.changeable_by(principal(request))
            kwargs["queryset"] = User.objects.filter(is_active=True, memberships__team__in=teams).distinct()
        return super().formfield_for_manytomany(db_field, request, **kwargs)
