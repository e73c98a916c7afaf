import asyncio
import logging
from datetime import timedelta

from gateway.call import Call
from gateway.records.record import full_record
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.limits.services.ledger import LedgerUnavailableError, Settlement
from kernel.clock import utc_now

_PATIENCE_SECONDS = 5.0
"""How long a refused call waits for its record."""
_IN_TIME = 0.95

logger = logging.getLogger(__name__)


async def audit(call: Call, gateway: Gateway) -> None:
    """Writes the call's one record, and with it settles the ledger; returns when that is durable.

    Refusal not_auditable when it can't be written in time: it stays queued and is written as soon as it can be.
    """
    gateway.metrics.note(call)
    if not call.is_authenticated:
        return  # whose key was revoked since it was let in: nobody's, and counted at the door from now on
    if call.rule_uses:
        gateway.rule_use.note(call.rule_uses)
    if call.hold is not None and not call.hold.admission.done():
        await asyncio.wait((call.hold.admission,))  # a hold that is being made must be there to be released
    refusal = Refusal("not_auditable", "The call was made, but its record could not be written in time.")
    record, late_at, seconds = full_record(call), None, gateway.settle_timeout_seconds
    if call.refusal is None:
        # Postgres decides by its own clock, a little earlier than the caller is told: so both say the same.
        late_at = utc_now() + timedelta(seconds=seconds * _IN_TIME)
        record["late_at"] = late_at
    try:
        future = gateway.ledger.settle(Settlement(record, call.stored.content, late_at))
        if call.refusal is not None:
            # Refused anyway: the record is queued, and written when Postgres answers.
            if gateway.ledger.is_connected:
                await asyncio.wait((future,), timeout=_PATIENCE_SECONDS)
            return
        if not await asyncio.wait_for(asyncio.shield(future), seconds):
            raise refusal
    except (TimeoutError, LedgerUnavailableError) as error:
        logger.error("call %s: the record is not written yet", call.id)
        raise refusal from error
    except Refusal:
        raise
    except Exception as error:
        logger.exception("call %s: the record was not accepted", call.id)
        raise refusal from error
