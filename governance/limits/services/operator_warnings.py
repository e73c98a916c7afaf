"""What operators are to know now: what gateway processes say of themselves, and queues that nobody works on."""

from datetime import datetime, timedelta

from governance.limits.models import GatewayInstance
from governance.limits.services.ledger import HEARTBEAT_SECONDS, SILENT_SECONDS
from governance.limits.services.pulses import what_is_silent

_LATE = timedelta(seconds=2 * HEARTBEAT_SECONDS)
_FORGOTTEN = timedelta(seconds=3 * SILENT_SECONDS)
"""What has not been heard of for longer is gone."""
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
    else:
        found += [_told(each, now=now) for each in processes if _is_late(each, processes, now=now)]
    is_starting = bool(alive) and now - alive[0].started_at < _STARTING
    if not is_starting and (silent := what_is_silent(now=now)):
        found.append(silent)
    return list(dict.fromkeys(found))


def _is_late(process: GatewayInstance, others: list[GatewayInstance], *, now: datetime) -> bool:
    """Whether it should have been heard of: it has not ended in good order, and none was started in its place."""
    is_replaced = any(each.host == process.host and each.started_at > process.heartbeat_at for each in others)
    return bool(process.pid) and not is_replaced and _LATE <= now - process.heartbeat_at < _FORGOTTEN


def _told(process: GatewayInstance, *, now: datetime) -> str:
    seconds = round((now - process.heartbeat_at).total_seconds())
    is_dead = seconds >= SILENT_SECONDS
    return (
        f"The gateway process {process.pid} on {process.host} has not been heard of for {seconds:,} s: "
        f"{'its calls are' if is_dead else f'from {SILENT_SECONDS:.0f} s on its calls are'} charged by their holds. See that it "
        "reaches Postgres, and its log."
    )
