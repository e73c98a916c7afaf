from gateway.call import Call
from gateway.jobs.services.store import JobsUnavailableError
from gateway.refusals import Refusal
from gateway.runtime import Gateway


async def confirm_job(call: Call, gateway: Gateway) -> None:
    """Makes sure, before a model is asked, that a job is still this call's to run: a process that was stopped for a while may
    have lost it to another. Refusal: not_auditable.
    """
    if call.job is None:
        return
    try:
        is_ours = await gateway.jobs.renew(call.job.id, call.id)
    except JobsUnavailableError as error:
        raise Refusal(
            "not_auditable",
            "Gatehouse can't read at the moment whose job this is.",
            retry_after=gateway.postgres_wait,
        ) from error
    if not is_ours:
        raise Refusal("not_auditable", "The job was taken over by another process.", may_retry=False)
