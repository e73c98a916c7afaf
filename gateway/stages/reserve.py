import asyncio

from gateway.call import Call
from gateway.call.groups import Hold
from gateway.catalogue.policy import price_at, worst_case
from gateway.conversation import encode
from gateway.outbound.contract import contract_of
from gateway.records.record import admission_record
from gateway.refusals import Refusal
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.tokens import image_bound
from governance.limits.policy.windows import Window, is_endless, window_of
from governance.limits.services.ledger import Admission, HoldRequest, LedgerUnavailableError
from kernel.money import format_usd
from prompts.registry.policy.output_contract import MAX_CORRECTION_TOKENS

_GRACE_SECONDS = 120.0
"""How long after the route's timeout a call may still be settling before its hold expires."""


async def reserve(call: Call, gateway: Gateway) -> None:
    """Holds the worst case in every budget that applies, or in none. Refusals: budget_exceeded, not_auditable."""
    worst = _worst_case(call)
    attempts = len(call.routed.deployments)
    request = HoldRequest(
        call_id=call.id,
        amount_nanos=worst,
        windows=_windows(call),
        started_at=call.started_at,
        lifetime_seconds=call.routed.route.timeout_seconds * attempts * _rounds(call)
        + gateway.settle_timeout_seconds
        + _GRACE_SECONDS,
        record=admission_record(call),
    )
    try:
        call.hold = Hold(worst, gateway.ledger.reserve(request))
        # Shielded: should the caller leave now, the hold may be made all the same, and settling waits for it.
        admission = await asyncio.shield(call.hold.admission)
    except LedgerUnavailableError as error:
        raise Refusal(
            "not_auditable",
            "Gatehouse can't record calls at the moment, so it takes none. Please try again.",
            retry_after=2,
        ) from error
    if not admission.admitted:
        raise _exceeded(call, admission, worst)


def _windows(call: Call) -> tuple[Window, ...]:
    """The current window of each budget whose scope the call is in."""
    if not call.key.budgets:
        return ()
    facts = call.facts()
    return tuple(
        window_of(
            budget_id=budget.id,
            period=budget.period,
            time_zone=budget.time_zone,
            now=call.moment,
            subject=subject,
        )
        for budget in call.key.budgets
        if (subject := budget.scope.subject_of(facts)) is not None
    )


def _worst_case(call: Call) -> int:
    """The dearest of the deployments that may answer, in the tier asked for or the standard one it may fall back to."""
    worst = 0
    for deployment in call.routed.deployments:
        for tier in {call.tier, ""}:
            price = price_at(deployment.prices, call.moment, tier)
            if price is None:
                continue
            cost = sum(
                worst_case(
                    price,
                    input_tokens=tokens,
                    max_tokens=call.bounds.max_tokens,
                    caches=deployment.supports_prompt_cache,
                    images=call.conversation.image_count if price.image else 0,
                )
                for tokens in _inputs(call, deployment)
            )
            worst = max(worst, cost)
    return worst


def _inputs(call: Call, deployment: DeploymentEntry) -> list[int]:
    """The most tokens of input of each round: one that corrects is shown the answer before, and what is wrong with it.

    What is more than the model's window is a bound of what could not be measured: no prompt exceeds that.
    """
    room = call.bounds.max_tokens + MAX_CORRECTION_TOKENS
    first = call.bounds.input_bound + _dearer_images(call, deployment) + _room_for_schema(call)
    bounds = [first + number * room for number in range(_rounds(call))]
    if call.request.kind == "embedding":
        return bounds  # of many texts, each with the window to itself
    return [min(bound, deployment.context_window or bound) for bound in bounds]


_ROOM_FOR_SCHEMA = 700
"""Tokens of what goes with a schema: the instructions of tools, or our own words."""


def _room_for_schema(call: Call) -> int:
    """By how many tokens the request may grow where another deployment is asked in another way than the bound is of, or
    the same one after it has refused structured output: a schema in another's words has half as much text again."""
    if call.fit is None or not call.conversation.is_json_wanted:
        return 0
    if call.fit.output_mode != "native" and len(call.routed.deployments) == 1:
        return 0
    return _ROOM_FOR_SCHEMA + len(encode(call.conversation.output_config)) // 2


def _dearer_images(call: Call, deployment: DeploymentEntry) -> int:
    """By how many tokens this deployment's vendor may count images higher than the one that the bound is of."""
    measured = min(call.routed.deployments, key=lambda each: each.context_window)
    family, of_bound = family_of(deployment), family_of(measured)
    if family == of_bound:
        return 0
    return max(0, image_bound(call.sent_conversation, family) - image_bound(call.sent_conversation, of_bound))


def _rounds(call: Call) -> int:
    """How often the model may be asked."""
    contract = contract_of(call)
    return 1 if contract is None else 1 + contract.output.corrections


def _exceeded(call: Call, admission: Admission, worst: int) -> Refusal:
    window = admission.window
    assert window is not None
    budget = next(budget for budget in call.key.budgets if budget.id == window.budget_id)
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
        f"{format_usd(worst)}. {resets} A smaller max_tokens lowers what a call may cost.",
    )
