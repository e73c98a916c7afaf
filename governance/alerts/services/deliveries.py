"""Brings alerts to their channels: each attempt claimed, tried, and put on record; tried again for about a day.

At least once: should a process die between sending and noting it, the same delivery, with the same id, comes again.
"""

import json
import logging
from datetime import datetime, timedelta
from random import random
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from accounts.services.root_secret import root_secret
from governance.alerts.models import AlertChannel, Delivery
from governance.alerts.policy import (
    Facts,
    Notice,
    pause_after,
    secret_of,
    signature,
    slack_body,
    text_of,
    webhook_body,
)
from governance.alerts.services.webhooks import UndeliverableError, post_webhook
from governance.limits.policy.windows import is_endless
from kernel.errors import UnavailableError
from kernel.faults import is_away
from kernel.mail import send_now

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long an attempt may take before it counts as lost with its process."""


class TeamBusyError(UnavailableError):
    """A team has as many deliveries under way as it may have: others wait for their turn, too."""


def due(*, now: datetime, at_most: int = 200) -> list[UUID]:
    """Deliveries whose time has come: of each team its first, then of each its second, and so on."""
    rows = Delivery.objects.filter(state=Delivery.State.PENDING, next_attempt_at__lte=now)
    turn = Window(RowNumber(), partition_by=F("channel__team"), order_by="next_attempt_at")
    ordered = rows.annotate(turn=turn).order_by("turn", "next_attempt_at")
    return list(ordered.values_list("pk", flat=True)[:at_most])


def attempt(delivery_id: UUID, *, now: datetime) -> bool:
    """One attempt at a delivery that is due. False when somebody else has claimed it, or it failed. TeamBusyError where its team
    has as many under way as it may have."""
    waiting = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.PENDING, next_attempt_at__lte=now)
    team = waiting.values_list("channel__team", flat=True).first()
    running = Delivery.objects.filter(channel__team=team, claimed_at__gt=now - LEASE)
    if running.exclude(pk=delivery_id).count() >= settings.TEAM_DELIVERIES:
        raise TeamBusyError("Its team has as many deliveries under way as it may have.")
    claimed = waiting.update(attempts=F("attempts") + 1, next_attempt_at=now + LEASE, claimed_at=now)
    if not claimed:
        return False
    delivery = Delivery.objects.select_related("channel", "alert__window__budget").get(pk=delivery_id)
    try:
        _send(delivery, now=now)
    except (UndeliverableError, OSError, SMTPException) as error:
        _note_failure(delivery, error, now=now)
        return False
    except Exception as error:  # a fault of our own must not be tried for ever, nor unseen
        if is_away(error):
            raise  # Postgres is: the delivery is due again when its lease is over
        logger.exception("alert %s: a fault on its way to channel %s", delivery.pk, delivery.channel_id)
        _note_failure(delivery, error, now=now)
        return False
    Delivery.objects.filter(pk=delivery_id).update(
        state=Delivery.State.DELIVERED, delivered_at=now, last_error="", claimed_at=None
    )
    return True


def _note_failure(delivery: Delivery, error: Exception, *, now: datetime) -> None:
    pause = pause_after(delivery.attempts, jitter=random())  # noqa: S311 - spreads load, guards nothing
    changes: dict[str, Any] = {"last_error": f"{type(error).__name__}: {error}"[:300], "claimed_at": None}
    if pause is None:
        changes["state"] = Delivery.State.FAILED
        logger.error("alert %s could not be delivered to channel %s", delivery.pk, delivery.channel_id)
    else:
        changes["next_attempt_at"] = now + pause
    Delivery.objects.filter(pk=delivery.pk).update(**changes)


def _send(delivery: Delivery, *, now: datetime) -> None:
    channel, facts = delivery.channel, _facts(delivery)
    path = delivery.alert.path if delivery.alert is not None else ""
    url = settings.PUBLIC_URL + (path or reverse("admin:governance_budget_changelist"))
    if channel.kind == AlertChannel.Kind.EMAIL:
        text = text_of(facts)
        send_now(channel.target, f"Gatehouse: {text[:150]}", f"{text}\n\n{url}\n")
        return
    if channel.kind == AlertChannel.Kind.SLACK:
        post_webhook(channel.target, json.dumps(slack_body(facts, url=url)).encode(), {})
        return
    body = json.dumps(webhook_body(facts, delivery_id=str(delivery.pk), url=url)).encode()
    secret = secret_of(root_secret(), str(channel.public_id))
    signed = signature(secret, timestamp=int(now.timestamp()), body=body)
    post_webhook(
        channel.target, body, {"X-Gatehouse-Signature": signed, "X-Gatehouse-Delivery": str(delivery.pk)}
    )


def _facts(delivery: Delivery) -> Facts | Notice:
    alert = delivery.alert
    if alert is None:
        return Facts(
            budget="Test of this channel: a budget", subject="", threshold=80, spent=80 * 10**9, limit=100 * 10**9,
            resets_at=None,
        )  # fmt: skip
    window = alert.window
    if window is None:
        return Notice(type=alert.kind.replace("_", ".", 1), text=alert.text)
    return Facts(
        budget=str(window.budget),
        subject=window.subject,
        threshold=alert.threshold or None,
        spent=alert.spent_nanos,
        limit=alert.limit_nanos,
        resets_at=None if is_endless(window.ends_at) else window.ends_at,
        runs_out_at=alert.runs_out_at,
    )
