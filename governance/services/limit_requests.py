"""Requests for more: asked, decided, withdrawn; each change with its log entry and its mail in one transaction."""

from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.policy.roles import Capability, roles_with
from accounts.selectors.teams import has_capability
from governance.models import Grant, LimitRequest
from governance.policy.limit_requests import Action, ImpossibleError, State, check_end, may_decide, next_state
from governance.services.mail import send_later


@transaction.atomic
def ask(request: LimitRequest, *, by: User, now: datetime) -> LimitRequest:
    """Puts a request, whose fields have been checked, before those who decide. ImpossibleError for a wrong end."""
    check_end(request.ends_at, now=now)
    request.requested_by = by
    request.save()
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
    """Grants what was asked, or less, or for a shorter time. ImpossibleError where it can't be, or somebody was first."""
    end, granted = ends_at or request.ends_at, request.amount if amount is None else amount
    if end > request.ends_at or granted > request.amount or (request.application is None and granted <= 0):
        raise ImpossibleError("Grant what was asked for, or less.")
    next_state(State(request.state), Action.APPROVE, ends_at=end, now=now)
    check_end(end, now=now)
    _decide(request, State.APPROVED, by=by, now=now, note=note)
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
    """Says no. ImpossibleError where it is decided already."""
    next_state(State(request.state), Action.DENY, ends_at=request.ends_at, now=now)
    _decide(request, State.DENIED, by=by, now=now, note=note)


@transaction.atomic
def withdraw(request: LimitRequest, *, by: User, now: datetime) -> None:
    """Takes one's own request back. ImpossibleError where it is decided already."""
    next_state(State(request.state), Action.WITHDRAW, ends_at=request.ends_at, now=now)
    _claim(request, State.WITHDRAWN, by=by, now=now, note="")
    _log(request, by, "Withdrawn.")


@transaction.atomic
def revoke(grant: Grant, *, by: User, now: datetime, reason: str) -> None:
    """Ends a grant before its time. ImpossibleError where it has ended."""
    ended = Grant.objects.filter(pk=grant.pk, revoked_at__isnull=True, ends_at__gt=now).update(revoked_at=now)
    if not ended:
        raise ImpossibleError("This grant has ended already.")
    LogEntry.objects.log_actions(by.pk, [grant], CHANGE, f"Ended early: {reason}", single_object=True)


def may_be_decided_by(request: LimitRequest, user: User) -> bool:
    """Whether a person is one of those who decide on a request."""
    manages = request.team is not None and has_capability(user, request.team, Capability.MANAGE_TEAM)
    return user.is_active and may_decide(
        is_superuser=user.is_superuser, manages_team=manages, is_own=request.requested_by_id == user.pk
    )


def approvers(request: LimitRequest) -> list[User]:
    """Who decides, and so is told: who runs the team, else the superusers."""
    roles = roles_with(Capability.MANAGE_TEAM)
    found = User.objects.filter(is_active=True).exclude(pk=request.requested_by_id or 0)
    team = list(found.filter(memberships__team=request.team, memberships__role__in=roles).distinct())
    return team or list(found.filter(Q(is_superuser=True)))


def _decide(request: LimitRequest, state: State, *, by: User, now: datetime, note: str) -> None:
    _claim(request, state, by=by, now=now, note=note)
    _log(request, by, f"{state.value.capitalize()}. {note}".strip())
    if request.requested_by is not None:
        send_later(
            to=[request.requested_by.email],
            subject=f"Gatehouse: your request was {state.value}",
            text=f"{request}: {state.value} by {by}.\n\n{note}\n",
            path=f"/admin/governance/limitrequest/{request.pk}/change/",
        )


def _claim(request: LimitRequest, state: State, *, by: User, now: datetime, note: str) -> None:
    """Of two who decide at once, one does."""
    claimed = LimitRequest.objects.filter(pk=request.pk, state=State.PENDING).update(
        state=state, decided_by=by, decided_at=now, note=note
    )
    if not claimed:
        raise ImpossibleError("Somebody else has decided on this request just now.")
    request.refresh_from_db()


def _log(request: LimitRequest, by: User, text: str) -> None:
    LogEntry.objects.log_actions(by.pk, [request], CHANGE, text, single_object=True)
