"""Keys of accounts with providers that are about to expire."""

from datetime import datetime, timedelta

from django.urls import reverse

from gateway.catalogue.models import ProviderAccount
from governance.alerts.services.alerts import alert_on_unusable_model

_AHEAD = timedelta(days=14)


def warn_of_expiring(*, now: datetime) -> int:
    """An alert on each key that expires within two weeks, or has expired; how many alerts. None is told of twice in a while."""
    rows = ProviderAccount.objects.filter(is_enabled=True, key_expires_on__lte=(now + _AHEAD).date())
    found = 0
    for account in rows:
        verb = (
            "expired"
            if account.key_expires_on is not None and account.key_expires_on < now.date()
            else "expires"
        )
        found += alert_on_unusable_model(
            what=f"The key of the provider account “{account}” {verb} on {account.key_expires_on}.",
            detail="Enter another one there: with an expired key its models can't be called.",
            path=reverse("admin:gateway_provideraccount_change", args=[account.pk]),
            now=now,
        )
    return found
