from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from governance.ui.key_limits import register_limit
from governance.ui.people import Wanted, register_people
from kernel.migration_history import guard

if TYPE_CHECKING:
    from accounts.models import ApiKey
    from accounts.services.first_calls import SeenCall


def _make_partitions(using: str, **kwargs: Any) -> None:
    """Whoever migrates a database finds it ready for the calls of the months to come."""
    from django.db import connections

    from governance.records.services.partitions import make_ahead
    from kernel.clock import utc_now

    with connections[using].cursor() as cursor:  # not there where migrations were taken back
        cursor.execute("SELECT to_regproc('gatehouse_make_partitions')")
        if cursor.fetchone()[0] is None:
            return
    make_ahead(now=utc_now(), alias=using)


def _first_call(api_key: "ApiKey", since: datetime) -> "SeenCall | None":
    from governance.records.selectors.calls import first_of_key  # which needs the models

    return first_of_key(api_key, since)


def _people_names(who: Any, wanted: Iterable[Wanted]) -> dict[Wanted, str]:
    from governance.records.services.known_people import people_names  # so does this

    return people_names(who, wanted)


def _seconds_to_wait(api_key: "ApiKey") -> int:
    from governance.limits.services.requests_elsewhere import seconds_to_wait  # and this

    return seconds_to_wait(api_key)


class GovernanceConfig(AppConfig):
    name = "governance"

    def ready(self) -> None:
        guard(self)
        from accounts.services.first_calls import register_calls

        register_calls(_first_call)
        register_people(_people_names)
        register_limit(_seconds_to_wait)
        post_migrate.connect(_make_partitions, sender=self)
