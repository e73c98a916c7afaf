"""Whose fault an error is: every class that psycopg has, by its SQLSTATE; Valkey's, Celery's and the operating system's by their own."""

import asyncio
import socket

import django.db
import kombu.exceptions
import psycopg
import psycopg_pool
import pytest
import redis

from kernel.faults import Fault, fault_of, is_away, spoils_connection

E = psycopg.errors
AWAY = {
    "read-only": E.ReadOnlySqlTransaction, "disk full": E.DiskFull, "out of memory": E.OutOfMemory, "connections": E.TooManyConnections,
    "starting": E.CannotConnectNow, "privilege": E.InsufficientPrivilege, "statement time-out": E.QueryCanceled, "lock": E.LockNotAvailable,
    "serialization": E.SerializationFailure, "deadlock": E.DeadlockDetected, "no database": E.InvalidCatalogName, "password": E.InvalidPassword,
    "io": E.IoError, "internal": E.InternalError_, "corrupt": E.DataCorrupted, "pool": psycopg_pool.PoolTimeout, "queue": psycopg_pool.TooManyRequests,
    "valkey read-only": redis.exceptions.ReadOnlyError, "valkey full": redis.exceptions.OutOfMemoryError, "valkey denies": redis.exceptions.NoPermissionError,
}  # fmt: skip
LOST = {
    "shutdown": E.AdminShutdown, "crash": E.CrashShutdown, "idle": E.IdleSessionTimeout, "in transaction": E.IdleInTransactionSessionTimeout,
    "failed transaction": E.InFailedSqlTransaction, "prepared": E.InvalidSqlStatementName, "prepared twice": E.DuplicatePreparedStatement,
    "plan": E.FeatureNotSupported, "protocol": E.ProtocolViolation, "no state": psycopg.OperationalError, "closed": psycopg.InterfaceError,
    "reset": ConnectionResetError, "name": socket.gaierror, "time": TimeoutError, "end": EOFError, "half": lambda: asyncio.IncompleteReadError(b"", 1),
    "valkey": redis.ConnectionError, "valkey's time": redis.TimeoutError, "loading": redis.BusyLoadingError, "broker": kombu.exceptions.OperationalError,
}  # fmt: skip
OWN = {"number": E.NumericValueOutOfRange, "nul": E.UntranslatableCharacter, "unique": E.UniqueViolation, "null": E.NotNullViolation,
       "partition": E.CheckViolation, "limit": E.ProgramLimitExceeded, "data": psycopg.DataError, "integrity": psycopg.IntegrityError}  # fmt: skip
BUGS = {"table": E.UndefinedTable, "column": E.UndefinedColumn, "syntax": E.SyntaxError, "raised": E.RaiseException, "key": KeyError,
        "value": ValueError, "type": TypeError, "exception": Exception, "assertion": AssertionError, "runtime": RuntimeError}  # fmt: skip
KINDS = {Fault.SERVER: AWAY, Fault.CONNECTION: LOST, Fault.ITEM: OWN, Fault.BUG: BUGS}
EVERY = [pytest.param(kind, make, id=f"{kind}: {name}") for kind, several in KINDS.items() for name, make in several.items()]  # fmt: skip


@pytest.mark.parametrize(("kind", "make"), EVERY)
def test_whose_fault_it_is(kind, make):
    error = make()
    assert fault_of(error) is kind
    assert is_away(error) is (kind in (Fault.SERVER, Fault.CONNECTION))
    if isinstance(error, psycopg.Error):
        wrapped = django.db.DatabaseError("Django's")
        wrapped.__cause__ = error
        assert fault_of(wrapped) is kind
    if kind is Fault.CONNECTION:
        assert spoils_connection(error)
    if kind is Fault.ITEM:
        assert not spoils_connection(error)


def test_a_connection_that_leads_to_a_standby_is_not_used_again():
    assert spoils_connection(E.ReadOnlySqlTransaction())
    assert not spoils_connection(E.SerializationFailure())


@pytest.mark.parametrize(
    "words", ["MISCONF Errors writing to the AOF file", "READONLY You can't write", "LOADING the dataset", "MASTERDOWN Link"]
)  # fmt: skip
def test_valkey_that_refuses_writes_is_a_server_that_cannot(words):
    assert fault_of(redis.ResponseError(words)) is Fault.SERVER


def test_every_class_of_psycopg_has_a_place():
    """None is taken for a bug but what the statement itself is wrong in."""
    classes = {
        each
        for each in vars(psycopg.errors).values()
        if isinstance(each, type) and issubclass(each, psycopg.Error) and getattr(each, "sqlstate", None)
    }
    bugs = {each.sqlstate[:2] for each in classes if fault_of(each()) is Fault.BUG}
    assert len(classes) > 200
    assert not bugs & {"08", "22", "23", "25", "28", "40", "53", "57", "58", "XX"}
