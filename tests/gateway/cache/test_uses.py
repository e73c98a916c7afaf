"""What came of looking in the cache, as gateways write it down."""

import asyncio
from datetime import date

import pytest

from accounts.models import Team
from gateway.cache.models import CacheUse
from gateway.records.cache_use import CacheUses
from kernel.postgres_pool import PostgresPool
from tests.gateway.factories import conninfo

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_call_counts_on_its_own_day_however_late_it_is_written():
    team = Team.objects.create(name="Late")
    days = [date(2026, 10, 31), date(2026, 11, 1)]

    async def write() -> None:
        pool = PostgresPool(conninfo(), min_size=1, max_size=1, timeout=5)
        await pool.open(wait=True)
        uses = CacheUses(pool)
        for day in days:
            uses.note((team.pk, day, "one", "", "exact"), saved_nanos=5)
        await uses.stop()
        await pool.close()

    asyncio.run(write())
    assert list(
        CacheUse.objects.filter(team=team).order_by("day").values_list("day", "number", "saved_nanos")
    ) == [(day, 1, 5) for day in days]
