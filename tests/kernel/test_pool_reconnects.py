"""A pool finds its server again, however long that was away."""

import asyncio

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg_pool.base import AttemptWithBackoff

from kernel.postgres_pool import PostgresAwayError, PostgresPool

pytestmark = pytest.mark.django_db(transaction=True)


def _url() -> str:
    at = connection.settings_dict
    return make_conninfo(
        host=at["HOST"], port=at["PORT"], user=at["USER"], password=at["PASSWORD"], dbname=at["NAME"]
    )


def _set_read_only(value: str) -> None:
    with psycopg.connect(_url(), autocommit=True, options="-c default_transaction_read_only=off") as session:
        name = connection.settings_dict["NAME"]
        session.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')


def test_a_server_that_takes_writes_again_is_found_at_once(monkeypatch):
    monkeypatch.setattr(AttemptWithBackoff, "INITIAL_DELAY", 3600.0)  # as after an hour of trying

    async def scenario() -> int:
        pool = PostgresPool(_url(), min_size=1, max_size=2, timeout=5)
        try:
            await pool.open()
            with pytest.raises(PostgresAwayError):
                async with pool.connection(0.5):
                    pass
            await asyncio.to_thread(_set_read_only, "off")
            return await _answer(pool)
        finally:
            await pool.close()

    _set_read_only("on")
    try:
        assert asyncio.run(scenario()) == 1
    finally:
        _set_read_only("off")


async def _answer(pool: PostgresPool) -> int:
    for _ in range(6):
        try:
            async with pool.connection() as found:
                return (await (await found.execute("SELECT 1")).fetchone() or (0,))[0]
        except PostgresAwayError:
            continue
    return 0
