"""What an application's webhooks of jobs are signed with: derived, so that none is stored."""

import asyncio

from django.db import connection

from accounts.services.root_secret import root_secret
from governance.alerts.policy import secret_of


def webhook_secret(application_id: int) -> str:
    """The same in every process, and another for each application. Blocks the first time."""
    return secret_of(root_secret(), f"jobs:{application_id}")


async def webhook_secret_in_thread(application_id: int) -> str:
    """The same for the event loop."""
    return await asyncio.to_thread(_secret, application_id)


def _secret(application_id: int) -> str:
    try:
        return webhook_secret(application_id)
    finally:
        connection.close()  # threads of the pool come and go
