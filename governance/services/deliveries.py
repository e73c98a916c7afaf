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
from django.db.models import F
from django.urls import reverse

from governance.models import AlertChannel, Delivery
from governance.policy.alerts import (
    Facts,
    Notice,
    notice_body,
    pause_after,
    secret_of,
    signature,
    slack_body,
    text_of,
    webhook_body,
)
from governance.services.mail import send_now
from governance.services.webhooks import UndeliverableError, post

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long an attempt may take before it counts as lost with its process."""


def due(*, now: datetime, at_most: int = 200) -> list[UUID]:
    """Deliveries whose time has come."""
    rows = Delivery.objects.filter(state=Delivery.State.PENDING, next_attempt_at__lte=now)
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:at_most])


def attempt(delivery_id: UUID, *, now: datetime) -> bool:
    """One attempt at a delivery that is due. False when somebody else has claimed it, or it failed."""
    claimed = Delivery.objects.filter(
        pk=delivery_id, state=Delivery.State.PENDING, next_attempt_at__lte=now
    ).update(attempts=F("attempts") + 1, next_attempt_at=now + LEASE)
    if not claimed:
        return False
    delivery = Delivery.objects.select_related("channel", "alert__window__budget").get(pk=delivery_id)
    try:
        _send(delivery, now=now)
    except (UndeliverableError, OSError, SMTPException) as error:
        _note_failure(delivery, error, now=now)
        return False
    except Exception as error:  # a fault of our own must not be tried for ever, nor unseen
        logger.exception("alert %s: a fault on its way to channel %s", delivery.pk, delivery.channel_id)
        _note_failure(delivery, error, now=now)
        return False
    Delivery.objects.filter(pk=delivery_id).update(
        state=Delivery.State.DELIVERED, delivered_at=now, last_error=""
    )
    return True


def _note_failure(delivery: Delivery, error: Exception, *, now: datetime) -> None:
    pause = pause_after(delivery.attempts, jitter=random())  # noqa: S311 - spreads load, guards nothing
    changes: dict[str, Any] = {"last_error": f"{type(error).__name__}: {error}"[:300]}
    if pause is None:
        changes["state"] = Delivery.State.FAILED
        logger.error("alert %s could not be delivered to channel %s", delivery.pk, delivery.channel_id)
    else:
        changes["next_attempt_at"] = now + pause
    Delivery.objects.filter(pk=delivery.pk).update(**changes)


def _send(delivery: Delivery, *, now: datetime) -> None:
    channel, told = delivery.channel, _told(delivery)
    text = told.text if isinstance(told, Notice) else text_of(told)
    path = delivery.notice["path"] if delivery.notice else reverse("admin:governance_budget_changelist")
    url = settings.PUBLIC_URL + path
    if channel.kind == AlertChannel.Kind.EMAIL:
        send_now(channel.target, f"Gatehouse: {text[:150]}", f"{text}\n\n{url}\n")
        return
    if channel.kind == AlertChannel.Kind.SLACK:
        post(channel.target, json.dumps(slack_body(text, url=url)).encode(), {})
        return
    body = json.dumps(_webhook_body(told, delivery_id=str(delivery.pk), url=url)).encode()
    secret = secret_of(settings.MASTER_KEY, str(channel.public_id))
    signed = signature(secret, timestamp=int(now.timestamp()), body=body)
    post(channel.target, body, {"X-Gatehouse-Signature": signed, "X-Gatehouse-Delivery": str(delivery.pk)})


def _webhook_body(told: Facts | Notice, *, delivery_id: str, url: str) -> dict[str, Any]:
    if isinstance(told, Notice):
        return notice_body(told, delivery_id=delivery_id, url=url)
    return webhook_body(told, delivery_id=delivery_id, url=url)


def _told(delivery: Delivery) -> Facts | Notice:
    if delivery.notice:
        return Notice(type=delivery.notice["type"], text=delivery.notice["text"])
    return _facts(delivery)


def _facts(delivery: Delivery) -> Facts:
    alert = delivery.alert
    if alert is None:
        return Facts(
            budget="Test of this channel: a budget", subject="", threshold=80, spent=80 * 10**9, limit=100 * 10**9,
            resets_at=None,
        )  # fmt: skip
    window = alert.window
    return Facts(
        budget=str(window.budget),
        subject=window.subject,
        threshold=alert.threshold or None,
        spent=alert.spent_nanos,
        limit=alert.limit_nanos,
        resets_at=None if window.ends_at.year >= 9999 else window.ends_at,
        runs_out_at=alert.runs_out_at,
    )
