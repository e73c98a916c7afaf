"""Requests for more: asked, decided, withdrawn; each change with its log entry and its mail in one transaction."""

from datetime import datetime

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction

from accounts.access.principals import has_capability, may_manage_shared
from accounts.models import Team, User
from accounts.policy.roles import Capability, roles_with
from governance.limits.models import Grant, LimitRequest
from governance.limits.policy.limit_requests import (
    LimitRequestError,
    RequestAction,
    RequestState,
    check_end,
    may_decide,
    next_request_state,
)
from kernel.mail import send_later


def put_team(request: LimitRequest, *, team: Team | None, by: User) -> None:
    """Sets for which team more of an organisation's limit is asked. LimitRequestError where that is not clear."""
    if request.target.team is not None:
        request.team = request.target.team
        return
    if team is None and not may_manage_shared(by):
        own = list(Team.objects.visible_to(by)[:2])
        if len(own) != 1:
            raise LimitRequestError(
                "This is a limit of the whole organisation: say for which of your teams you ask."
            )
        team = own[0]
    request.team = team
    limit = request.budget or request.rate_limit
    if limit is not None and limit.per == "team" and team is not None and not request.subject:
        request.subject = str(team.pk)


@transaction.atomic
def ask(request: LimitRequest, *, by: User, now: datetime) -> LimitRequest:
    """Puts a request, whose fields have been checked, before those who decide. LimitRequestError for a wrong end."""
    check_end(request.ends_at, now=now)
    request.requested_by = by
    request.save()
    LogEntry.objects.log_actions(by.pk, [request], ADDITION, "Asked.", single_object=True)
    send_later(
        to=[user.email for user in approvers(request)],
        subject=f"Gatehouse: {by} asks for {request}",
        text=f"{by} asks for {request}, until {request.ends_at:%Y-%m-%d %H:%M} UTC.\n\nReason: {request.reason}\n",
        path=f"/admin/governance/limitrequest/{request.pk}/change/",
    )
    return request


@transaction.atomic
def approve(
    request: LimitRequest,
    *,
    by: User,
    now: datetime,
    amount: int | None = None,
    ends_at: datetime | None = None,
    note: str = "",
) -> Grant | None:
    """Grants what was asked, or less, or for a shorter time. LimitRequestError where it can't be, or somebody was first."""
    end, granted = ends_at or request.ends_at, request.amount if amount is None else amount
    if end > request.ends_at or granted > request.amount or (request.application is None and granted <= 0):
        raise LimitRequestError("Grant the requested amount or less.")
    next_request_state(RequestState(request.state), RequestAction.APPROVE, ends_at=end, now=now)
    check_end(end, now=now)
    _decide(request, RequestState.APPROVED, by=by, now=now, note=note)
    grant = Grant.objects.create(
        budget=request.budget,
        rate_limit=request.rate_limit,
        application=request.application,
        model=request.model,
        subject=request.subject,
        amount=granted,
        starts_at=now,
        ends_at=end,
    )
    LimitRequest.objects.filter(pk=request.pk).update(grant=grant)
    return grant


@transaction.atomic
def deny(request: LimitRequest, *, by: User, now: datetime, note: str = "") -> None:
    """Says no. LimitRequestError where it is decided already."""
    next_request_state(RequestState(request.state), RequestAction.DENY, ends_at=request.ends_at, now=now)
    _decide(request, RequestState.DENIED, by=by, now=now, note=note)


@transaction.atomic
def withdraw_request(request: LimitRequest, *, by: User, now: datetime) -> None:
    """Takes one's own request back. LimitRequestError where it is decided already."""
    next_request_state(RequestState(request.state), RequestAction.WITHDRAW, ends_at=request.ends_at, now=now)
    _claim(request, RequestState.WITHDRAWN, by=by, now=now, note="")
    _log(request, by, "Withdrawn.")


def expire(*, now: datetime) -> int:
    """Closes the requests that nobody has decided on before their end, and tells who asked; how many."""
    due = LimitRequest.objects.filter(state=RequestState.PENDING, ends_at__lte=now).select_related(
        *LimitRequest.RELATED
    )
    return sum(_expire(request, now=now) for request in due)


@transaction.atomic
def _expire(request: LimitRequest, *, now: datetime) -> bool:
    next_request_state(RequestState(request.state), RequestAction.EXPIRE, ends_at=request.ends_at, now=now)
    pending = LimitRequest.objects.filter(pk=request.pk, state=RequestState.PENDING)
    if not pending.update(state=RequestState.EXPIRED, decided_at=now):
        return False  # decided a moment ago
    _tell(request, "It expired without a decision. Ask again if it is still needed.", RequestState.EXPIRED)
    return True


@transaction.atomic
def revoke(grant: Grant, *, by: User, now: datetime, reason: str) -> None:
    """Ends a grant before its time. LimitRequestError where no reason is given, or it has ended."""
    if not reason.strip():
        raise LimitRequestError("Say why it ends early: the requester is notified.")
    ended = Grant.objects.filter(pk=grant.pk, revoked_at__isnull=True, ends_at__gt=now).update(
        revoked_at=now, revoked_by=by, revoke_reason=reason[:2000]
    )
    if not ended:
        raise LimitRequestError("This grant has ended already.")
    LogEntry.objects.log_actions(by.pk, [grant], CHANGE, f"Ended early: {reason}", single_object=True)
    request = LimitRequest.objects.filter(grant=grant).select_related(*LimitRequest.RELATED).first()
    if request is not None:
        _log(request, by, f"Ended early: {reason}")
        _tell(request, f"{by} has ended it early: {reason}", None)


def may_be_decided_by(request: LimitRequest, user: User) -> bool:
    """Whether a person is one of those who decide on a request."""
    team = deciding_team(request)
    return may_decide(
        decides_on_any=may_manage_shared(user),
        manages_team=has_capability(user, Capability.MANAGE_TEAM, team.pk if team else None),
        is_own=request.requested_by_id == user.pk,
    )


def may_revoke(grant: Grant, user: User) -> bool:
    """Whether a person may end a grant early: who runs the team it is of, and superusers."""
    return has_capability(user, Grant.owned_by.change, grant.owner_id)


def deciding_team(request: LimitRequest) -> Team | None:
    """Whose owners and admins decide: the team of what is asked for. None: the superusers, on the organisation's."""
    return request.target.team


def approvers(request: LimitRequest) -> list[User]:
    """Who decides, and so is told: who runs the team; the superusers, where that is nobody but who asks."""
    found = User.objects.filter(is_active=True).exclude(pk=request.requested_by_id or 0)
    roles, team = roles_with(Capability.MANAGE_TEAM), deciding_team(request)
    run_it = found.filter(memberships__team=team, memberships__role__in=roles) if team else found.none()
    return list(run_it.distinct()) or list(found.filter(is_superuser=True))


def _decide(request: LimitRequest, state: RequestState, *, by: User, now: datetime, note: str) -> None:
    _claim(request, state, by=by, now=now, note=note)
    _log(request, by, f"{state.value.capitalize()}. {note}".strip())
    _tell(request, f"{state.value.capitalize()} by {by}.\n\n{note}".strip(), state)


def _tell(request: LimitRequest, text: str, state: RequestState | None) -> None:
    """Mail to who asked, who may be gone."""
    if request.requested_by is None or not request.requested_by.is_active:
        return
    subject = f"your request was {state.value}" if state else "what you were granted has ended"
    send_later(
        to=[request.requested_by.email],
        subject=f"Gatehouse: {subject}",
        text=f"{request}\n\n{text}\n",
        path=f"/admin/governance/limitrequest/{request.pk}/change/",
    )


def _claim(request: LimitRequest, state: RequestState, *, by: User, now: datetime, note: str) -> None:
    """Of two who decide at once, one does."""
    claimed = LimitRequest.objects.filter(pk=request.pk, state=RequestState.PENDING).update(
        state=state, decided_by=by, decided_at=now, note=note
    )
    if not claimed:
        raise LimitRequestError("Somebody else has decided on this request just now.")
    request.refresh_from_db()


def _log(request: LimitRequest, by: User, text: str) -> None:
    LogEntry.objects.log_actions(by.pk, [request], CHANGE, text, single_object=True)
