from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, OwnedForm
from accounts.admin.dollars import DollarsField
from accounts.admin.typed import display
from prompts.registry.models import Prompt
from prompts.rollout.models import ContractBreach, ServiceContract
from prompts.rollout.selectors.service_contracts import shortcomings

_BREACHES = 20


class ContractForm(OwnedForm):
    max_cost_nanos = DollarsField(
        label="Highest cost per call, in US dollars", required=False, help_text="On average. Empty: nothing is promised."
    )  # fmt: skip


@admin.register(ServiceContract)
class ServiceContractAdmin(OwnedAdmin):
    """What prompts promise to their callers, and whether they keep it. Those of shared prompts everybody sees."""

    form = ContractForm
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

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "prompt":
            kwargs["queryset"] = Prompt.objects.filter(archived_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for sentence in shortcomings(obj):
            messages.warning(request, f"What is promised for when it is unsure can't be kept: {sentence}")

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"contract_state": _state(obj)}


def _state(contract: ServiceContract) -> dict[str, Any]:
    names = dict(ContractBreach.Term.choices)
    return {
        "contract": contract,
        "terms": [(names.get(term, term), found) for term, found in contract.measured.items()],
        "breaches": list(contract.breaches.all()[:_BREACHES]),
        "shortcomings": shortcomings(contract),
    }
