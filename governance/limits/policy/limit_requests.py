"""PURE: the life of a request for more."""

from datetime import datetime, timedelta
from enum import StrEnum

from kernel.errors import ConflictError

MAX_DURATION = timedelta(days=366)


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestAction(StrEnum):
    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_NEXT = {
    (RequestState.PENDING, RequestAction.APPROVE): RequestState.APPROVED,
    (RequestState.PENDING, RequestAction.DENY): RequestState.DENIED,
    (RequestState.PENDING, RequestAction.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.PENDING, RequestAction.EXPIRE): RequestState.EXPIRED,
}


class LimitRequestError(ConflictError):
    """This can't be done now. The message says why."""


def next_request_state(
    state: RequestState, action: RequestAction, *, ends_at: datetime, now: datetime
) -> RequestState:
    """What a request becomes. LimitRequestError where it is decided already, or its time is over, or not over yet."""
    found = _NEXT.get((state, action))
    if found is None:
        raise LimitRequestError(f"This request is {state.value} already.")
    if action is RequestAction.APPROVE and ends_at <= now:
        raise LimitRequestError("The requested end has passed: there is nothing left to grant.")
    if action is RequestAction.EXPIRE and ends_at > now:
        raise LimitRequestError("The requested end has not passed yet.")
    return found


def state_at(state: RequestState, *, ends_at: datetime, now: datetime) -> RequestState:
    """What a request is now, whether or not anybody has written down yet that its time is over."""
    return RequestState.EXPIRED if state is RequestState.PENDING and ends_at <= now else state


def check_end(ends_at: datetime, *, now: datetime) -> None:
    """LimitRequestError for an end that is past, or too far."""
    if ends_at <= now:
        raise LimitRequestError("The end must be in the future.")
    if ends_at - now > MAX_DURATION:
        raise LimitRequestError(
            f"A raise is for {MAX_DURATION.days} days at most. For good, change the limit itself."
        )


def may_decide(*, decides_on_any: bool, manages_team: bool, is_own: bool) -> bool:
    """Who decides: somebody who runs the team, but not on their own request; a superuser on any."""
    return decides_on_any or (manages_team and not is_own)
