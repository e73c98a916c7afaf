import logging
from collections.abc import Awaitable

import msgspec

from gateway.call import Call
from gateway.call.job import JobRun
from gateway.jobs.services.store import JobsUnavailableError
from gateway.records.job_seals import sealed
from gateway.runtime import Gateway

logger = logging.getLogger(__name__)


def keep_answer(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Keeps the answer of a job, sealed, before it is charged: should the process die after that, the answer is there and the
    model is not asked again. Never fails a call: what could not be kept is kept when the call has ended.
    """
    run = call.job
    if run is None or call.refusal is not None or call.is_cancelled or run.finished is None:
        return None
    return _keep(call, gateway, run)


async def _keep(call: Call, gateway: Gateway, run: JobRun) -> None:
    assert run.finished is not None
    try:
        finished = msgspec.structs.replace(run.finished, usage=call.reply.usage)
        run.answer = answer = run.write(call, run.seen, finished)
        made = await sealed(answer, job_id=run.id, team_id=call.key.team.id, keyring=gateway.keyring)
        if made is None:
            return
        kept, generation = made
        run.is_stored = await gateway.jobs.keep(
            run.id, call.id, sealed=kept, generation=generation, status=answer.status
        )
    except JobsUnavailableError as error:
        logger.error("call %s: the answer of its job is not kept yet (%s)", call.id, type(error).__name__)
    except Exception:
        logger.exception("call %s: the answer of its job is not kept yet", call.id)
