from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from gateway.catalogue.admin.models import CatalogAdmin
from gateway.catalogue.admin.prices import PriceInline, dollars
from gateway.catalogue.admin.rule_fields import RULE_FIELDS, DeploymentForm
from gateway.catalogue.models import Deployment, DeploymentEvent, Price, RuleUse
from gateway.catalogue.rules import BY_NAME
from gateway.catalogue.services.quotas import note_entered

_DAYS = 7
_EVENTS = 10
_DONE = {"repair": "repaired", "refuse": "refused", "pass": "let pass"}


@admin.register(Deployment)
class DeploymentAdmin(CatalogAdmin):
    """A model in a region, and what it costs there now."""

    list_display = (
        "model", "region", "provider_name", "profile_name", "state", "quotas", "input_price", "output_price",
    )  # fmt: skip
    list_select_related = ("model", "provider_account")
    list_filter = ("region", "profile", "provider_account__provider", "model__vendor", "is_enabled")
    search_fields = ("model__name", "model__model_id", "region")
    ordering = ("model__vendor", "model__name", "region", "profile")
    autocomplete_fields = ("model",)
    form = DeploymentForm
    fieldsets = (
        (None, {"fields": ("model", "region", "profile", "arn", "is_enabled", "events")}),
        (
            "Quotas",
            {
                "fields": (
                    ("requests_per_minute", "tokens_per_minute"),
                    ("input_tokens_per_minute", "output_tokens_per_minute"),
                    ("quota_pool", "quota_source"),
                ),
                "description": "What AWS lets through in a minute. Calls wait for room, or go elsewhere, in place of being throttled. What you enter stays; empty “quota source” for AWS's to be taken over again.",
            },
        ),
        (
            "Beside AWS",
            {
                "fields": ("provider_account", "provider_model"),
                "description": "Of a deployment that is not Bedrock's. Calls go there of teams that may leave AWS alone.",
            },
        ),
        (
            "Rules",
            {
                "fields": ("rule_uses", *RULE_FIELDS),
                "classes": ("collapse",),
                "description": "What is done where a request asks for what the model can't.",
            },
        ),
    )
    readonly_fields = ("events", "rule_uses")
    inlines = (PriceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        now = timezone.now()
        prices = Price.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=now),
            deployment=OuterRef("pk"),
            valid_from__lte=now,
        )
        events = DeploymentEvent.objects.filter(deployment=OuterRef("pk")).order_by("-id")
        found: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                last_change=Subquery(events.values("change")[:1]),
                last_reason=Subquery(events.values("reason")[:1]),
                last_change_at=Subquery(events.values("created_at")[:1]),
                input_now=Subquery(prices.values("input_rate")[:1]),
                output_now=Subquery(prices.values("output_rate")[:1]),
            )
        )
        return found  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Deployment, form: Any, change: bool) -> None:
        note_entered(obj, form.changed_data)
        super().save_model(request, obj, form, change)

    @admin.display(description=f"In the last {_DAYS} days")
    def rule_uses(self, deployment: Deployment) -> str:
        """How often each rule met a request, and what was done about it."""
        since = timezone.now().date() - timedelta(days=_DAYS)
        uses = RuleUse.objects.filter(deployment=deployment.pk, day__gte=since).values_list("rule", "action")
        counts = uses.annotate(total=Sum("number")).order_by("-total")
        lines = [
            (BY_NAME[rule].title if rule in BY_NAME else rule, _DONE.get(action, action), f"{total:,}")
            for rule, action, total in counts
        ]
        return format_html_join("", "<div>{}: {} {}</div>", lines) or "No request broke a rule."

    @admin.display(description="State", ordering="last_change")
    def state(self, deployment: Any) -> str:
        """Whether gateways ask it, as they last said."""
        if deployment.last_change != DeploymentEvent.Change.OPENED or not deployment.is_enabled:
            return "On" if deployment.is_enabled else "Off"
        word = "Slow" if deployment.last_reason == DeploymentEvent.Reason.SLOW else "Out"
        return f"{word} since {timezone.localtime(deployment.last_change_at):%H:%M, %d %b}"

    @admin.display(description="Quotas a minute")
    def quotas(self, deployment: Any) -> str:
        known = (
            (deployment.requests_per_minute, "requests"),
            (deployment.tokens_per_minute, "tokens"),
            (deployment.input_tokens_per_minute, "input tokens"),
            (deployment.output_tokens_per_minute, "output tokens"),
        )
        return ", ".join(f"{number:,} {name}" for number, name in known if number) or "-"

    @admin.display(description="Out and back")
    def events(self, deployment: Any) -> str:
        """The latest changes, the newest first."""
        found = DeploymentEvent.objects.filter(deployment=deployment.pk)[:_EVENTS] if deployment.pk else ()
        lines = [
            (
                f"{timezone.localtime(each.created_at):%Y-%m-%d %H:%M:%S}",
                each.get_change_display(),
                f": {each.get_reason_display().lower()}" if each.reason else "",
            )
            for each in found
        ]
        return format_html_join("", "<div>{} {}{}</div>", lines) or "It has not been out."

    @admin.display(description="Provider", ordering="provider_account__name")
    def provider_name(self, deployment: Deployment) -> str:
        return "Bedrock" if deployment.provider_account is None else deployment.provider_account.name

    @admin.display(description="Profile", ordering="profile")
    def profile_name(self, deployment: Deployment) -> str:
        return deployment.get_profile_display() if deployment.provider_account is None else "-"

    @admin.display(description="Input per million")
    def input_price(self, deployment: Any) -> str:
        return "no price: refused" if deployment.input_now is None else dollars(deployment.input_now)

    @admin.display(description="Output per million")
    def output_price(self, deployment: Any) -> str:
        return dollars(deployment.output_now)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()
