"""Postgres' time for processes that have no heartbeat: workers, before each of their tasks."""

from django.db import connection

from kernel.clock import follow, is_known_since, perf_counter

KNOWN_SECONDS = 30.0


def follow_postgres() -> None:
    """Asks Postgres for the time, unless that was done a moment ago. Raises what Django raises of a database."""
    if is_known_since(KNOWN_SECONDS):
        return
    asked_at = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    follow(row[0], asked_at=asked_at)
