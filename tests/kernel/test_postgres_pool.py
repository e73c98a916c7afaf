"""A pool throws away what leads to no server that can, and tells what is away from what is wrong."""

import asyncio

import psycopg
import pytest

from kernel.postgres_pool import PostgresAwayError, PostgresPool
from tests.governance.limits.test_ledger import conninfo

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def pool():
    found = PostgresPool(conninfo(), min_size=1, max_size=1, timeout=5)
    await found.open(wait=True)
    yield found
    await found.close()


async def backend(pool: PostgresPool) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    return row[0]


async def test_a_connection_that_can_only_read_is_not_used_again(pool):
    before = await backend(pool)
    with pytest.raises(PostgresAwayError, match="ReadOnlySqlTransaction"):  # noqa: PT012
        async with pool.connection() as connection:
            await connection.execute("SET default_transaction_read_only = on")
            await connection.execute("CREATE TABLE nothing_of_the_sort ()")
    assert await backend(pool) != before


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("SELECT 1 / 0", psycopg.errors.DivisionByZero),
        ("SELECT nothing_of_the_sort", psycopg.errors.UndefinedColumn),
        ("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)", PostgresAwayError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", PostgresAwayError),
    ],
)
async def test_what_is_wrong_is_told_and_the_next_one_is_well(pool, statement, error):
    with pytest.raises(error):
        async with pool.connection() as connection:
            await connection.execute(statement)
    assert await backend(pool) > 0


async def test_who_leaves_midway_leaves_it_well(pool):
    async def wait() -> None:
        async with pool.connection() as connection:
            await connection.execute("SELECT pg_sleep(20)")

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await backend(pool) > 0


async def test_nothing_is_prepared(pool):
    async with pool.connection() as connection:
        for _ in range(12):
            await connection.execute("SELECT %s::int", (1,))
        rows = await (await connection.execute("SELECT count(*) FROM pg_prepared_statements")).fetchone()
    assert rows == (0,)
