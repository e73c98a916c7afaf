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
        if error not in _SKEWED or not date:
            return False
        try:
            moment = parsedate_to_datetime(date).astimezone(UTC)
        except (ValueError, TypeError):
            return False
        if abs(moment - self.now()) < _FAR:
            return False
        self._ahead = moment - host_now()
        return True
