from django.db import connection
from django.db.models import BigIntegerField, Func, TextField
from django.db.models.functions import Cast


def transaction_id() -> "BigIntegerField[int, int]":
    """A column with the number of the transaction that wrote the row. Readers tell by it what rollups have taken in."""
    number = Func(function="pg_current_xact_id")
    return BigIntegerField(db_default=Cast(Cast(number, TextField()), BigIntegerField()), editable=False)


def current_transaction() -> int:
    """The number that rows written now get."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])
