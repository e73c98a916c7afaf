"""What operators are to know now: what gateway processes say of themselves, and queues that nobody works on."""

from datetime import datetime, timedelta

from governance.limits.models import GatewayInstance
from governance.limits.services.ledger import SILENT_SECONDS
from governance.limits.services.pulses import what_is_silent

_STARTING = timedelta(minutes=2)
"""So long after all was started, a queue that nobody has worked on yet is no news."""


def operator_warnings(*, now: datetime) -> list[str]:
    """One sentence each, what is wrong and what to do; empty where all is well."""
    processes = list(GatewayInstance.objects.order_by("started_at"))
    alive = [each for each in processes if each.heartbeat_at > now - timedelta(seconds=SILENT_SECONDS)]
    found = [line for each in alive for line in each.warnings.splitlines() if line]
    if processes and not alive:
        seconds = round((now - max(each.heartbeat_at for each in processes)).total_seconds())
        found.append(
            f"No gateway process has been heard of for {seconds:,} s: no calls are taken. Start one, or look at its log."
        )
    is_starting = bool(alive) and now - alive[0].started_at < _STARTING
    if not is_starting and (silent := what_is_silent(now=now)):
        found.append(silent)
    return list(dict.fromkeys(found))
