from math import ceil

from gateway.call import Call
from gateway.refusals import Refusal
from gateway.routing.worst_case import first_tokens
from gateway.runtime import Gateway
from gateway.snapshot.state import RateLimitEntry
from governance.limits.policy.rate_limits import Counter, RateDecision, RateRequest, counter_key, period_text
from governance.limits.services.rate_limiter import Ticket


async def limit_rates(call: Call, gateway: Gateway) -> None:
    """Takes the call, and the tokens it may need, from every rate limit that applies, or waits. Refusal: rate_limited."""
    if not call.key.rate_limits:
        return
    facts = call.facts()
    limits = {
        _counter(limit, subject, call): limit
        for limit in call.key.rate_limits
        if (subject := limit.scope.subject_of(facts)) is not None
    }
    if not limits:
        return
    # What is expected: settling corrects it by what was used.
    tokens = call.bounds.counted_input_tokens + first_tokens(call)
    takes = tuple((counter, tokens if limit.metric == "tokens" else 1) for counter, limit in limits.items())
    request = RateRequest(str(call.id), takes)
    # A job waits on its queue, where it holds up nothing (gateway/jobs).
    seconds = 0.0 if call.job is not None else call.routed.route.wait_seconds
    decision = await gateway.rate_lines.admit(
        request, team=call.key.team.id, weight=call.key.team.weight, seconds=seconds
    )
    call.taken.rates = [
        (limit.metric, counter.period_ms, counter.limit, max(0, counter.limit - used))
        for (counter, limit), used in zip(limits.items(), decision.used, strict=True)
        if counter.period_ms
    ]
    if decision.short is not None:
        call.taken.short = decision.short.key
        raise _limited(limits[decision.short], decision.short, decision, tokens)
    call.taken.ticket = Ticket(request, decision)
    call.taken.token_counters = tuple(
        counter for counter, limit in limits.items() if limit.metric == "tokens"
    )


async def limit_requests(call: Call, gateway: Gateway) -> None:
    """Takes what asks no model, such as a list or a refused call, from the limits of requests. Refusal: rate_limited."""
    limits = [limit for limit in call.key.rate_limits if limit.metric == "requests"]
    if not limits or call.taken.ticket is not None:
        return
    facts = call.facts()
    counters = {
        _counter(limit, subject, call): limit
        for limit in limits
        if (subject := limit.scope.subject_of(facts)) is not None
    }
    if not counters:
        return
    request = RateRequest(str(call.id), tuple((counter, 1) for counter in counters))
    decision = await gateway.limiter.admit(request)
    if decision.short is not None:
        raise _limited(counters[decision.short], decision.short, decision, 1)


def _counter(limit: RateLimitEntry, subject: str, call: Call) -> Counter:
    """The limit as it is now for a subject: with what has been granted for a time."""
    most = limit.limit
    for grant in limit.grants:
        if grant.subject in ("", subject) and grant.holds(call.moment):
            most += grant.amount
    return Counter(counter_key(limit.id, subject), limit.period_seconds * 1000, most)


def _limited(limit: RateLimitEntry, counter: Counter, decision: RateDecision, tokens: int) -> Refusal:
    if limit.metric == "concurrent":
        what = f"{counter.limit:,} calls at once"
    else:
        what = f"{counter.limit:,} {limit.metric} per {period_text(limit.period_seconds)}"
    if decision.retry_ms is None:
        return Refusal(
            "rate_limited",
            f"The limit for {limit.name} is {what}, and this call alone may need {tokens:,}. Lower max_tokens, or "
            "shorten the prompt.",
            may_retry=False,
        )
    seconds = max(1, ceil(decision.retry_ms / 1000))
    return Refusal(
        "rate_limited",
        f"The limit for {limit.name} is {what}. Please try again in {seconds} s.",
        retry_after=seconds,
    )
