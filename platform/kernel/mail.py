"""Mail, sent by a worker after the transaction that asks for it, and tried again when it fails."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import send_mail

from kernel.queueing import queue_on_commit

TASK = "governance.tasks.mail"


def send_later(*, to: Sequence[str], subject: str, text: str, path: str = "") -> None:
    """Queues a mail to each address by itself; nothing where the transaction fails. `path` is linked at its end."""
    body = f"{text}\n{settings.PUBLIC_URL}{path}\n" if path else text
    for address in to:
        queue_on_commit(TASK, address, subject.replace("\n", " ")[:200], body, robust=True)


def send_now(address: str, subject: str, text: str) -> None:
    """Hands a mail over. Raises OSError or smtplib.SMTPException."""
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [address])
