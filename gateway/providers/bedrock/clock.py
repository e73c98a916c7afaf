"""What time requests are signed with: AWS refuses what is more than five minutes off.

As AWS's SDKs do it (smithy-typescript `getUpdatedSystemClockOffset` and `isClockSkewed`, aws-sdk-java-v2 `ClockSkew`): where an
answer to a refused signature has a `Date` that is far from the time signed with, the host's clock is corrected by it, and the request is sent once more.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from kernel.clock import host_now, utc_now

_SKEWED = frozenset(
    {
        "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureException", "SignatureDoesNotMatch",
        "AuthFailure",
    }
)  # fmt: skip
_FAR = timedelta(minutes=4)
"""aws-sdk-java-v2 `ClockSkew`: a clock that is off by more is taken for wrong."""

_LAST_YEAR = 9000
"""What is later is no date, and could not be counted on from."""


class SigningClock:
    """One for each client. Postgres' time, until AWS has said what it is."""

    def __init__(self) -> None:
        self._ahead: timedelta | None = None
        """AWS's time without this host's."""

    def now(self) -> datetime:
        """What to sign with."""
        return utc_now() if self._ahead is None else host_now() + self._ahead

    def corrects(self, error: str, date: str | None) -> bool:
        """Takes over AWS's time from an answer that refuses a signature; whether that was worth another try."""
        if error not in _SKEWED or (moment := _moment(date)) is None:
            return False
        if abs(moment - self.now()) < _FAR:
            # It is not the time that is wrong; or what has told of it (a proxy, whose clock this then is) was.
            self._ahead = None
            return False
        self._ahead = moment - host_now()
        return True


def _moment(date: str | None) -> datetime | None:
    """The moment that a `Date` header tells (RFC 9110, section 5.6.7), in UTC whatever it says of a zone; None of what tells none."""
    try:
        moment = parsedate_to_datetime(date or "")
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.year < _LAST_YEAR else None
