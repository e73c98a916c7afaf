"""How often somebody may try to sign in: for one account, and from one address. Counted in Postgres, before a password is looked at,
so that the numbers hold exactly however many processes ask at once.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from accounts.models import SignInAttempt, SignInCount, User
from kernel.clock import utc_now

logger = logging.getLogger(__name__)

_ON_CONFLICT = """
    ON CONFLICT (kind, subject) DO UPDATE SET
        tries = CASE WHEN c.began_at <= %(since)s THEN 1 ELSE least(c.tries + 1, 1000000) END,
        began_at = CASE WHEN c.began_at <= %(since)s THEN %(now)s ELSE c.began_at END
    RETURNING kind, tries
"""
_COUNT = f"""
    WITH by_address AS (
        INSERT INTO accounts_signincount AS c (kind, subject, tries, began_at)
        VALUES ('address', %(address)s, 1, %(now)s) {_ON_CONFLICT}
    ), by_account AS (
        INSERT INTO accounts_signincount AS c (kind, subject, tries, began_at)
        SELECT 'account', %(account)s, 1, %(now)s FROM by_address WHERE tries <= %(most)s {_ON_CONFLICT}
    )
    SELECT kind, tries FROM by_address UNION ALL SELECT kind, tries FROM by_account
"""  # noqa: S608 - of two texts that stand here
"""An address beyond its limit leaves no more rows, whatever accounts it makes up, and locks nobody's."""
_LISTED_PER_MINUTE = 60
"""Tries for accounts that nobody has, from all addresses together: those beyond are in the process' log alone."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was counted. `account` is what all spellings of one account's address are counted under."""

    account: str
    address: str
    is_allowed: bool


def limits() -> dict[str, int]:
    """How many tries of each kind there are in a time."""
    return {
        SignInCount.Kind.ACCOUNT: settings.SIGN_IN_TRIES,
        SignInCount.Kind.ADDRESS: settings.SIGN_IN_TRIES_PER_ADDRESS,
    }


def begin_try(typed: str, address: str) -> Try:
    """Counts a try for an account as typed, and tells whether the password may be looked at."""
    found = User.objects.filter(email__iexact=typed).first()
    account = (found.email if found else typed).lower()[:254]
    now = utc_now()
    with connection.cursor() as cursor:
        since = now - timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)
        most = settings.SIGN_IN_TRIES_PER_ADDRESS
        cursor.execute(
            _COUNT, {"account": account, "address": address, "now": now, "since": since, "most": most}
        )
        tries = dict(cursor.fetchall())
    over = {kind: count - limit for kind, limit in limits().items() if (count := tries.get(kind, 0)) > limit}
    if any(by == 1 for by in over.values()):
        logger.warning(
            "sign-in: too many tries (%s) from %s: locked for %s minutes",
            " and ".join(over), address or "an unknown address", settings.SIGN_IN_LOCK_MINUTES,
        )  # fmt: skip
        _log(typed, found, address, SignInAttempt.Outcome.REFUSED)
    return Try(account, address, not over)


def end_try(counted: Try, typed: str, user: User | None) -> None:
    """Puts on record what became of a try whose password was looked at. A success is none that counts."""
    if user is None:
        found = User.objects.filter(email__iexact=typed).first()
        _log(typed, found, counted.address, SignInAttempt.Outcome.FAILED)
        return
    SignInCount.objects.filter(kind=SignInCount.Kind.ACCOUNT, subject=counted.account).delete()
    from_address = SignInCount.objects.filter(kind=SignInCount.Kind.ADDRESS, subject=counted.address)
    from_address.update(tries=Greatest(F("tries") - 1, 0))
    _log(typed, user, counted.address, SignInAttempt.Outcome.SUCCEEDED)


def locked() -> QuerySet[SignInCount]:
    """What is locked now."""
    since = utc_now() - timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)
    recent = SignInCount.objects.filter(began_at__gt=since)
    found = SignInCount.objects.none()
    for kind, limit in limits().items():
        found |= recent.filter(kind=kind, tries__gte=limit)
    return found


def _log(typed: str, user: User | None, address: str, outcome: SignInAttempt.Outcome) -> None:
    try:
        validate_email(typed)
    except ValidationError:
        typed = ""  # people type passwords there
    now = utc_now()
    recent = SignInAttempt.objects.filter(user=None, at__gt=now - timedelta(minutes=1))
    if user is None and recent.count() >= _LISTED_PER_MINUTE:
        logger.warning(
            "sign-in: %s from %s for an account that nobody has", outcome, address or "an unknown address"
        )
        return
    SignInAttempt.objects.create(at=now, account=typed[:254], user=user, address=address, outcome=outcome)
