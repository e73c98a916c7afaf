from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.admin.base import OwnedAdmin, SeenOnly, principal
from accounts.admin.typed import ChangeList, action, display
from accounts.services.root_secret import root_secret
from governance.alerts.models import AlertChannel, Delivery
from governance.alerts.policy import secret_of
from governance.alerts.services.alerts import send_test
from kernel.clock import utc_now


class ChannelList(ChangeList):
    """The rows of a page with where they lead, as this person may know it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        for row in rows:
            row.known_target = row.target_for(principal(request))
        self.result_list = rows


@admin.register(AlertChannel)
class AlertChannelAdmin(OwnedAdmin):
    """Where alerts go."""

    empty_hint = "Alerts go out at 50, 80 and 100 per cent of a budget, when one will run out early, and when a service contract is broken. Say where to."
    list_display = ("name", "kind", "leads_to", "team", "is_enabled")
    list_select_related = ("team",)
    fields = ("name", "kind", "target", "team", "is_enabled", "secret")
    readonly_fields = ("secret",)
    actions_detail: ClassVar[list[str]] = ["send_a_test"]

    @display(description="Target")
    def leads_to(self, channel: Any) -> str:
        return str(channel.known_target)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChannelList

    @display(description="Signing secret")
    def secret(self, channel: AlertChannel) -> str:
        if channel.kind != AlertChannel.Kind.WEBHOOK or channel.pk is None:
            return "Webhooks have one, once they are saved."
        return secret_of(root_secret(), str(channel.public_id))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its page shows the secret: who may not change a channel finds it in the list, but not opened."""
        if obj is not None and not self.may_change(request, obj):
            return False
        return super().has_view_permission(request, obj)

    @action(description="Send a test", url_path="test")
    def send_a_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self.get_object(request, object_id)
        if channel is None or not self.has_change_permission(request, channel):
            raise PermissionDenied
        if request.method != "POST":
            return self.render_page(
                request, "governance/alerts/alert_channel_test", title="Send a test", channel=channel
            )
        send_test(channel, now=utc_now())
        messages.success(
            request, "The test is on its way. What became of it is in the log below in a few seconds."
        )
        return HttpResponseRedirect(f"{reverse('admin:governance_delivery_changelist')}?channel={channel.pk}")


@admin.register(Delivery)
class DeliveryAdmin(SeenOnly, OwnedAdmin):
    """The log of deliveries."""

    goes_along = True
    lookups = ("channel",)
    empty_hint = "Alerts and tests appear here when they go out."
    list_display = ("created_at", "what", "channel_label", "state_label", "attempts", "last_error")
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("channel__team", "alert__window__budget__team")
    sortable_by = ()

    @display(description="Alert")
    def what(self, delivery: Delivery) -> str:
        return str(delivery.alert or "Test")

    @display(description="To", header=True)
    def channel_label(self, delivery: Delivery) -> list[str]:
        return [delivery.channel.name, delivery.channel.get_kind_display()]

    @display(description="State", label={"pending": "warning", "delivered": "success", "failed": "danger"})
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()
