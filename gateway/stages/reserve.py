import asyncio
from datetime import datetime

from gateway.call import Call
from gateway.call.groups import Hold
from gateway.records.record import admission_record
from gateway.refusals import Refusal
from gateway.routing.worst_case import first_tokens, most_of, rounds_of
from gateway.runtime import Gateway
from governance.limits.policy.windows import Window, is_endless, window_of
from governance.limits.services.batch_holds import Draw
from governance.limits.services.ledger import Admission, HoldRequest, LedgerUnavailableError
from kernel.money import format_usd

_PATIENCE_SECONDS = 6.0
"""How long a call waits for the ledger: longer than for a connection to it."""
_GRACE_SECONDS = 120.0
"""How long after the route's timeout a call may still be settling before its hold expires."""


async def reserve(call: Call, gateway: Gateway) -> None:
    """Holds what the call can cost in every budget that applies, or in none: all of it, or a first part that grows with the
    answer (gateway/stages/hold_more.py). Refusals: budget_exceeded, not_auditable.
    """
    first, most = first_tokens(call), call.bounds.max_tokens
    worst = most_of(call, output_tokens=most)
    least = worst if first == most else most_of(call, output_tokens=first)
    call.bounds.first_tokens = first
    request = HoldRequest(
        call_id=call.id,
        amount_nanos=worst,
        least_nanos=least,
        windows=windows_of(call, _moment(call)),
        started_at=call.started_at,
        lifetime_seconds=_lifetime(call, gateway),
        record=admission_record(call),
    )
    try:
        call.hold = Hold(worst, _asked(call, gateway, request))
        # Shielded: should the caller leave now, the hold may be made all the same, and settling waits for it.
        async with asyncio.timeout(_PATIENCE_SECONDS):
            admission = await asyncio.shield(call.hold.admission)
    except (LedgerUnavailableError, TimeoutError) as error:
        raise Refusal(
            "not_auditable",
            "Gatehouse can't record calls at the moment, so it takes none. Please try again.",
            retry_after=gateway.postgres_wait,
        ) from error
    if not admission.admitted:
        raise _exceeded(call, gateway, admission, least)
    if call.job is not None and call.job.batch is not None:
        call.job.batch.drawn_nanos = admission.drawn_nanos
    call.hold.nanos, call.hold.is_part = admission.held_nanos, admission.held_nanos < worst


def _lifetime(call: Call, gateway: Gateway) -> float:
    """Seconds until the call has surely ended: all rounds at all deployments, those of another model too that may be asked."""
    seconds = call.routed.route.timeout_seconds * len(call.routed.deployments) * rounds_of(call)
    if name := call.rules.effective.other_model:
        other = gateway.snapshot.routes.get(name)
        seconds += 0 if other is None else other.timeout_seconds * len(other.deployments) * rounds_of(call)
    return seconds + gateway.settle_timeout_seconds + _GRACE_SECONDS


def _asked(call: Call, gateway: Gateway, request: HoldRequest) -> "asyncio.Future[Admission]":
    """Of the ledger; a line of a batch takes from what that holds."""
    if call.job is None or call.job.batch is None:
        return gateway.ledger.reserve(request)
    return gateway.batch_holds.draw(Draw(batch_id=call.job.batch.id, request=request))


def _moment(call: Call) -> datetime:
    """When the call was admitted; of a batch, when that was sent: it is charged where it is held."""
    return call.moment if call.job is None or call.job.batch is None else call.job.batch.created_at


def windows_of(call: Call, moment: datetime) -> tuple[Window, ...]:
    """The window at a moment of each budget whose scope the call is in."""
    if not call.key.budgets:
        return ()
    facts = call.facts()
    return tuple(
        window_of(
            budget_id=budget.id,
            period=budget.period,
            time_zone=budget.time_zone,
            now=moment,
            subject=subject,
        )
        for budget in call.key.budgets
        if (subject := budget.scope.subject_of(facts)) is not None
    )


def _exceeded(call: Call, gateway: Gateway, admission: Admission, least: int) -> Refusal:
    window = admission.window
    assert window is not None
    budget = next(budget for budget in call.key.budgets if budget.id == window.budget_id)
    call.short_budget = budget
    whose = f" ({window.subject})" if window.subject and not window.subject.isdigit() else ""
    left = format_usd(max(admission.remaining_nanos or 0, 0))
    resets = (
        "It does not reset."
        if is_endless(window.ends_at)
        else f"It resets on {window.ends_at:%Y-%m-%d %H:%M} UTC."
    )
    return Refusal(
        "budget_exceeded",
        f"The budget for {budget.name}{whose} has {left} left, and this call may cost up to "
        f"{format_usd(least)}. {resets} A smaller max_tokens lowers what a call may cost."
        + (f" Ask for more: {gateway.ask_url(budget.id)}" if budget.when_exceeded == "ask" else ""),
    )
