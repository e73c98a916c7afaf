"""Periodic work of the gateway."""

import logging

from celery import shared_task
from django.conf import settings

from gateway.services.reconciliation.costs import import_aws_costs
from gateway.services.reconciliation.imports import Tally
from gateway.services.reconciliation.invocations import import_invocation_logs, match_again

logger = logging.getLogger(__name__)


@shared_task(name="gateway.tasks.reconcile")  # type: ignore[untyped-decorator]
def reconcile() -> int:
    """Reads what is new of AWS's log and bill, where the settings say where they are; how many objects."""
    number = 0
    if settings.RECONCILIATION_LOGS:
        for name, tally in import_invocation_logs(settings.RECONCILIATION_LOGS):
            number += _noted(name, tally)
        match_again()
    if settings.RECONCILIATION_COSTS:
        for name, tally in import_aws_costs(settings.RECONCILIATION_COSTS):
            number += _noted(name, tally)
    return number


def _noted(name: str, tally: Tally | None) -> int:
    if tally is not None and tally.problem:
        logger.error("%s could not be read: %s", name, tally.problem)
    return int(tally is not None)
