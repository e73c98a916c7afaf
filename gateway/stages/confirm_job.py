from gateway.call import Call
from gateway.jobs.policy import Standing
from gateway.jobs.services.store import JobsUnavailableError
from gateway.refusals import Refusal
from gateway.runtime import Gateway


async def confirm_job(call: Call, gateway: Gateway) -> None:
    """Makes sure, before a model is asked, that a job is still this call's to run: a process that was stopped for a while may
    have lost it to another, and its caller may have cancelled it. Refusal: not_auditable.
    """
    if call.job is None:
        return
    try:
        standing = await gateway.jobs.renew(call.job.id, call.id)
    except JobsUnavailableError as error:
        raise Refusal(
            "not_auditable",
            "Gatehouse can't read at the moment whose job this is.",
            retry_after=gateway.postgres_wait,
        ) from error
    if standing is Standing.CANCELLED:
        call.job.is_stopped = True
        raise Refusal("not_auditable", "The job was cancelled before a model was asked.", may_retry=False)
    if standing is Standing.LOST:
        raise Refusal("not_auditable", "The job was taken over by another process.", may_retry=False)
