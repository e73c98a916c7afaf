from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.admin.base import TeamScopedAdmin, person
from accounts.admin.dollars import DollarsField
from accounts.admin.typed import ModelForm, TextInput, display
from accounts.policy.roles import Capability
from governance.models import Budget, LimitRequest, RateLimit
from governance.policy.limit_requests import ImpossibleError, State, check_end
from governance.selectors.limit_requests import meaning_of
from governance.services import limit_requests
from kernel.clock import utc_now
from kernel.money import plain_usd

USUAL = timedelta(days=30)
STATE_LABELS = {
    State.PENDING: "warning", State.APPROVED: "success", State.DENIED: "danger", State.WITHDRAWN: "info",
}  # fmt: skip


class LimitRequestForm(ModelForm):
    """How much is typed as dollars for a budget, as a number for a rate limit."""

    amount = forms.CharField(
        label="How much more",
        required=False,
        widget=TextInput(attrs={"placeholder": "50.00"}),
        help_text="Dollars per period for a budget; a number of requests, tokens or calls for a rate limit.",
    )

    class Meta:
        model = LimitRequest
        fields = ("budget", "rate_limit", "application", "model", "subject", "amount", "reason", "ends_at")

    def clean_amount(self) -> int:
        text = (self.cleaned_data["amount"] or "").strip()
        if not text:
            return 0
        if self.data.get("budget"):
            return DollarsField().clean(text) or 0
        if not text.replace(",", "").isdecimal():
            raise ValidationError("This is a number, such as 100.")
        return int(text.replace(",", "")[:20])


class DecisionForm(forms.Form):
    """What is granted: as asked, or less."""

    amount = forms.CharField(required=False)
    ends_at = forms.DateTimeField(required=False)
    note = forms.CharField(required=False, max_length=2000)

    def amount_for(self, request: LimitRequest) -> int | None:
        """What was typed. ImpossibleError for what is no amount."""
        text = self.cleaned_data.get("amount") or ""
        if not text:
            return None
        try:
            return DollarsField().clean(text) if request.budget else int(text.replace(",", ""))
        except (ValidationError, ValueError) as error:
            raise ImpossibleError(f"“{text}” is not an amount.") from error


@admin.register(LimitRequest)
class LimitRequestAdmin(TeamScopedAdmin):
    """Requests for more: anyone in a team may ask, who runs the team decides."""

    form = LimitRequestForm
    change_capability = Capability.VIEW_USAGE  # who may ask; deciding is checked apart
    empty_hint = (
        "Anyone in a team can ask for more of a budget or a rate limit, or for one more model, for a time."
    )
    list_display = ("title", "state_label", "requested_by", "ends_at")
    list_filter = ("state",)
    list_select_related = (
        "budget__team", "budget__application", "budget__api_key", "rate_limit__team", "rate_limit__application",
        "rate_limit__api_key", "application__team", "requested_by", "team",
    )  # fmt: skip
    choices_by_team: ClassVar[dict[str, str]] = {
        "budget": "team",
        "rate_limit": "team",
        "application": "team",
    }
    fieldsets = (
        (
            "What for",
            {
                "fields": ("budget", "rate_limit", "application", "model", "subject"),
                "description": "One of these: a budget, a rate limit, or an application and the model it should call.",
            },
        ),
        ("How much, and why", {"fields": ("amount", "ends_at", "reason")}),
    )
    labels: ClassVar[dict[str, str]] = {"subject": "For whom", "reason": "Why"}

    @display(description="Request", header=True)
    def title(self, request: LimitRequest) -> list[str]:
        return [request.amount_text, request.target_text]

    @display(description="State", label=STATE_LABELS)
    def state_label(self, request: LimitRequest) -> tuple[str, str]:
        return request.state, request.get_state_display()

    def get_queryset(self, request: HttpRequest) -> Any:
        if person(request).is_superuser:
            return LimitRequest.objects.all()
        return super().get_queryset(request)

    def team_id_of(self, obj: Any) -> int:
        return obj.team_id or 0

    def allows(self, request: HttpRequest, capability: Any, obj: Any) -> bool:
        return person(request).is_superuser or super().allows(request, capability, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if person(request).is_superuser and db_field.name in ("budget", "rate_limit"):
            kwargs["queryset"] = (Budget if db_field.name == "budget" else RateLimit).objects.all()
            return super(TeamScopedAdmin, self).formfield_for_foreignkey(db_field, request, **kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"ends_at": timezone.localtime() + USUAL, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: LimitRequest, form: Any, change: bool) -> None:
        limit_requests.ask(obj, by=person(request), now=utc_now())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)

        class Checked(form):  # type: ignore[misc]
            def clean_ends_at(self) -> Any:
                try:
                    check_end(self.cleaned_data["ends_at"], now=utc_now())
                except ImpossibleError as error:
                    raise ValidationError(str(error)) from error
                return self.cleaned_data["ends_at"]

        return Checked

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404("There is no such request, or it is not one of your teams'.")
        if request.method == "POST":
            return self._act(request, found)
        return self._page(request, found)

    def _act(self, request: HttpRequest, found: LimitRequest) -> HttpResponse:
        user, now, action = person(request), utc_now(), request.POST.get("action")
        form = DecisionForm(request.POST)
        is_own = found.requested_by_id == user.pk
        if not (is_own if action == "withdraw" else limit_requests.may_be_decided_by(found, user)):
            raise PermissionDenied
        try:
            if not form.is_valid():
                raise ImpossibleError("; ".join(str(texts[0]) for texts in form.errors.values()))
            note = form.cleaned_data["note"]
            if action == "approve":
                amount, end = form.amount_for(found), form.cleaned_data["ends_at"]
                limit_requests.approve(found, by=user, now=now, amount=amount, ends_at=end, note=note)
            elif action == "deny":
                limit_requests.deny(found, by=user, now=now, note=note)
            elif action == "withdraw":
                limit_requests.withdraw(found, by=user, now=now)
            elif action == "revoke" and found.grant is not None:
                limit_requests.revoke(found.grant, by=user, now=now, reason=note or "no reason given")
            messages.success(request, "Done.")
        except ImpossibleError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:governance_limitrequest_change", args=[found.pk]))

    def _page(self, request: HttpRequest, found: LimitRequest) -> HttpResponse:
        user, now = person(request), utc_now()
        grant = found.grant
        is_pending = found.state == State.PENDING
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": found,
            "title": "Request",
            "found": found,
            "variant": STATE_LABELS[State(found.state)],
            "meaning": meaning_of(found, now=now),
            "amount": plain_usd(found.amount) if found.budget else str(found.amount),
            "may_decide": is_pending and limit_requests.may_be_decided_by(found, user),
            "may_withdraw": is_pending and found.requested_by_id == user.pk,
            "may_revoke": grant is not None
            and grant.revoked_at is None
            and grant.ends_at > now
            and limit_requests.may_be_decided_by(found, user),
        }
        return TemplateResponse(request, "admin/governance/limit_request.html", context)
