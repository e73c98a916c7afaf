"""Faults of deployments that only administrators can mend: counted, logged, and told to them, off the path of a call."""

import asyncio
import logging
from collections import Counter

from django.db import DatabaseError, connection
from django.urls import reverse

from gateway.catalogue.models import ProviderAccount
from gateway.refusals import Refusal
from gateway.snapshot.state import DeploymentEntry
from governance.alerts.services.alerts import alert_on_unusable_model
from kernel.clock import perf_counter, utc_now

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 3600.0
"""A fault that stays is told of by a process once in this time; among all, the alerts see to it that it is told once."""


class AdminFaults:
    """One for each process."""

    def __init__(self, counts: Counter[tuple[str, str, str]]) -> None:
        self._counts = counts
        self._told: dict[tuple[int, str], float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, deployment: DeploymentEntry, refusal: Refusal) -> None:
        """Counts it; the first of its kind in a while is logged and sets off an alert."""
        self._counts[deployment.model_id, deployment.region, refusal.for_admins] += 1
        now, about = perf_counter(), (deployment.id, refusal.for_admins)
        if now < self._told.get(about, 0.0):
            return
        self._told[about] = now + _PAUSE_SECONDS
        account = deployment.account
        where = f"in {deployment.region}" if account is None else f"of the account “{account.name}”"
        what = f"{deployment.model_id} {where} can't be called: {refusal.for_admins}."
        said = f"{'AWS' if account is None else 'The provider'} says: {refusal.detail}"
        logger.error("%s %s", what, said)
        account_id = None if account is None else account.id
        task = asyncio.create_task(asyncio.to_thread(_alert, what, said, deployment.id, account_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Lets what is being told be told."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=5)


def _alert(what: str, said: str, deployment_id: int, account_id: int | None) -> None:
    try:
        path = reverse("admin:gateway_deployment_change", args=[deployment_id])
        if account_id is not None:
            path = reverse("admin:gateway_provideraccount_change", args=[account_id])
            ProviderAccount.objects.filter(pk=account_id).update(last_refused_at=utc_now())
        alert_on_unusable_model(what=what, detail=said, path=path, now=utc_now())
    except DatabaseError as error:
        logger.error("administrators are not told of a model (%s)", type(error).__name__)
    finally:
        connection.close()  # the thread is not a request's: nothing else would return it
