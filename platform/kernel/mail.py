"""Mail, sent by a worker after the transaction that asks for it, and tried again when it fails."""

from collections.abc import Sequence
from functools import partial
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction


def send_later(*, to: Sequence[str], subject: str, text: str, path: str = "") -> None:
    """Queues a mail to each address by itself; nothing where the transaction fails. `path` is linked at its end."""
    body = f"{text}\n{settings.PUBLIC_URL}{path}\n" if path else text
    for address in to:
        # Robust: what has been decided stays so where the queue is away, and the failure is in the log.
        transaction.on_commit(partial(_queue, address, subject.replace("\n", " ")[:200], body), robust=True)


def send_now(address: str, subject: str, text: str) -> None:
    """Hands a mail over. Raises OSError or smtplib.SMTPException."""
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [address])


@shared_task(  # type: ignore[untyped-decorator]
    name="governance.tasks.mail",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=10,
    retry_backoff_max=3600,
    retry_jitter=True,
    max_retries=12,
)
def mail(address: str, subject: str, text: str) -> None:
    """Sends one mail; tried again for some hours."""
    send_now(address, subject, text)


def _queue(address: str, subject: str, text: str) -> None:
    mail.delay(address, subject, text)
