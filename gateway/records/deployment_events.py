"""What became of deployments, written down and told to administrators, off the path of calls."""

import asyncio
import logging
from collections import Counter

from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from gateway.catalogue.models import DeploymentEvent
from governance.alerts.services.alerts import alert_on_deployment
from kernel.clock import utc_now

logger = logging.getLogger(__name__)

_STOP_SECONDS = 5
_OPENED = DeploymentEvent.Change.OPENED.value
_WORDS = {
    "failing": "is out: its calls fail. Others answer where a route has them",
    "slow": "is slow to begin its answers. Others are asked first where a route has them",
}
_CLOSED = "answers again"


class DeploymentEvents:
    """One for each process; of a change that all see, one of them is told (gateway/routing/fleet)."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        """By deployment and change."""
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, deployment_id: int, change: str, reason: str) -> None:
        self.counts[deployment_id, change] += 1
        task = asyncio.create_task(asyncio.to_thread(_write, deployment_id, change, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Lets what is being written be written."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_STOP_SECONDS)


def _write(deployment_id: int, change: str, reason: str) -> None:
    is_out = change == _OPENED
    words = _WORDS[reason] if is_out else _CLOSED
    try:
        with transaction.atomic():
            event = DeploymentEvent.objects.create(
                deployment_id=deployment_id, change=change, reason=reason if is_out else ""
            )
            model = event.deployment.model
            what = f"{model.name} in {event.deployment.region} {words}."
            path = reverse("admin:gateway_deployment_change", args=[deployment_id])
            alert_on_deployment(what=what, path=path, now=utc_now())
        logger.warning("%s (%s)", what, event.deployment)
    except DatabaseError as error:
        logger.error("a deployment's change is not written down (%s)", type(error).__name__)
    finally:
        connection.close()  # the thread is not a request's: nothing else would return it
