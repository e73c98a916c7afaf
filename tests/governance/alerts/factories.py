"""Alerts, and the channels that they go to."""

from typing import Any

from accounts.models import Team
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.limits.models import BudgetWindow
from kernel.clock import utc_now


def make_channel(team: Team | None, name: str = "Mail", **fields: Any) -> AlertChannel:
    """A team's channel, or without a team everybody's: an e-mail address, unless told otherwise."""
    values = {"kind": "email", "target": "team@example.com", **fields}
    return AlertChannel.objects.create(team=team, name=name, **values)


def make_alert(window: BudgetWindow, *, threshold: int = 50, **fields: Any) -> Alert:
    """An alert that so many per cent of a budget are spent."""
    values = {"spent_nanos": window.spent_nanos, "limit_nanos": window.budget.limit_nanos, **fields}
    return Alert.objects.create(window=window, threshold=threshold, **values)


def make_delivery(
    channel: AlertChannel, alert: Alert, *, state: str = "delivered", **fields: Any
) -> Delivery:
    """An alert's way to a channel, which is at its end."""
    values = {"next_attempt_at": utc_now(), **fields}
    return Delivery.objects.create(channel=channel, alert=alert, state=state, **values)
