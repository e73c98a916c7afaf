"""Sign-ins, from the first page to the last: how long they hold, and how they are ended."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import SignIn, SignInAttempt, SignInCount, User
from kernel.addresses import address_of
from kernel.clock import utc_now

SESSION_KEY = "sign_in"
"""Where a session names its sign-in."""
_SEEN_EVERY = timedelta(minutes=1)
_KEPT = timedelta(days=90)
_COUNTED = timedelta(days=1)


def begin_sign_in(user: User, request: Any) -> None:
    """Notes that somebody has signed in, and names it in their session."""
    now = utc_now()
    sign_in = SignIn.objects.create(
        user=user,
        address=address_of(request.META.get("REMOTE_ADDR")),
        client=request.META.get("HTTP_USER_AGENT", "").replace("\0", "")[:300],
        began_at=now,
        seen_at=now,
    )
    request.session[SESSION_KEY] = sign_in.pk


def live_sign_ins() -> QuerySet[SignIn]:
    """Those that hold: not ended, not idle for too long, and not too old."""
    now = utc_now()
    return SignIn.objects.filter(
        ended_at=None,
        seen_at__gt=now - timedelta(minutes=settings.SESSION_IDLE_MINUTES),
        began_at__gt=now - timedelta(hours=settings.SESSION_HOURS),
    )


def holds(pk: Any, *, is_seen: bool = True) -> bool:
    """Whether a session's sign-in holds; `is_seen`: by what a person does, which is noted once a minute."""
    found = live_sign_ins().filter(pk=pk).values_list("seen_at", flat=True).first() if pk else None
    if found is None:
        return False
    if is_seen and utc_now() - found > _SEEN_EVERY:
        SignIn.objects.filter(pk=pk).update(seen_at=utc_now())
    return True


def end_sign_ins(sign_ins: QuerySet[SignIn]) -> int:
    """Ends them: their next request is an anonymous one. How many."""
    return sign_ins.filter(ended_at=None).update(ended_at=utc_now())


def drop_old() -> int:
    """Deletes what nobody needs to know any more: counts after a day, sign-ins and attempts after 90. How many rows."""
    now = utc_now()
    old = (
        SignInCount.objects.filter(began_at__lt=now - _COUNTED),
        SignInAttempt.objects.filter(at__lt=now - _KEPT),
        SignIn.objects.filter(seen_at__lt=now - _KEPT),
    )
    return sum(rows.delete()[0] for rows in old)
