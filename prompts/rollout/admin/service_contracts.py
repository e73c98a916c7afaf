from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import ForeignKey, Q, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from accounts.admin.base import TeamScopedAdmin, person, team_ids
from accounts.admin.dollars import DollarsField
from accounts.admin.typed import ModelForm, display
from accounts.policy.roles import Capability
from prompts.registry.models import Prompt
from prompts.rollout.models import ContractBreach, ServiceContract
from prompts.rollout.selectors.service_contracts import shortcomings

_BREACHES = 20


class ContractForm(ModelForm):
    max_cost_nanos = DollarsField(
        label="Highest cost per call, in US dollars", required=False, help_text="On average. Empty: nothing is promised."
    )  # fmt: skip


@admin.register(ServiceContract)
class ServiceContractAdmin(TeamScopedAdmin):
    """What prompts promise to their callers, and whether they keep it. Those of shared prompts everybody sees."""

    form = ContractForm
    team_lookup = "prompt__team"
    change_capability = Capability.EDIT_PROMPTS
    fixed_fields = ("prompt",)
    empty_hint = "A service contract says what callers of a prompt can count on. Its calls are watched, and you are alerted when it is broken."
    list_display = ("prompt", "state_label", "promises", "checked_at")
    list_select_related = ("prompt__team",)
    search_fields = ("prompt__name",)
    search_help_text = "A prompt."
    change_form_outer_before_template = "admin/prompts/rollout/service_contract_state.html"
    fieldsets: ClassVar[Any] = (
        (None, {"fields": (("prompt", "is_enabled"),)}),
        ("What is promised", {"fields": (("p95_ms", "availability"), ("max_cost_nanos", "format_percent"), ("when_unsure", "fallback_percent")), "description": "What is left empty is not promised."}),
        ("How it is watched", {"fields": (("window_minutes", "minimum_calls"),)}),
    )  # fmt: skip

    @display(description="State", label={"kept": "success", "broken": "danger", "off": "info", "new": "info"})
    def state_label(self, contract: ServiceContract) -> tuple[str, str]:
        if not contract.is_enabled:
            return "off", "Not watched"
        if contract.breaches.filter(ended_at=None).exists():
            return "broken", "Broken"
        if any(each.get("is_kept") for each in contract.measured.values()):
            return "kept", "Kept"
        return "new", "Too few calls to tell"

    @admin.display(description="Promises")
    def promises(self, contract: ServiceContract) -> str:
        names = ("p95_ms", "availability", "max_cost_nanos", "format_percent", "fallback_percent")
        given = sum(getattr(contract, name) is not None for name in names)
        return str(given + bool(contract.when_unsure))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = ServiceContract.objects.select_related("prompt__team")
        if person(request).is_superuser:
            return rows
        return rows.filter(Q(prompt__team__in=team_ids(request, self.view_capability)) | Q(prompt__team=None))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.prompt.team_id is None:
            return request.user.is_active
        return super().has_view_permission(request, obj)

    def team_id_of(self, obj: Any) -> int:
        return obj.prompt.team_id or 0

    def allows(self, request: HttpRequest, capability: Capability, obj: Any) -> bool:
        user = person(request)
        return (user.is_active and user.is_superuser) or super().allows(request, capability, obj)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        if db_field.name == "prompt":
            own = Q(team__in=team_ids(request, self.change_capability))
            shared = Q(team=None) if person(request).is_superuser else Q(pk__in=())
            kwargs["queryset"] = Prompt.objects.filter(own | shared, archived_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for sentence in shortcomings(obj):
            messages.warning(request, f"What is promised for when it is unsure can't be kept: {sentence}")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:  # fmt: skip
        found = self.get_object(request, object_id) if object_id else None
        if found is not None and self.has_view_permission(request, found):
            extra_context = {**(extra_context or {}), "contract_state": _state(found)}
        return super().changeform_view(request, object_id, form_url, extra_context)


def _state(contract: ServiceContract) -> dict[str, Any]:
    names = dict(ContractBreach.Term.choices)
    return {
        "contract": contract,
        "terms": [(names.get(term, term), found) for term, found in contract.measured.items()],
        "breaches": list(contract.breaches.all()[:_BREACHES]),
        "shortcomings": shortcomings(contract),
    }
