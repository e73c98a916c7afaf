"""Whose fault an error of Postgres or Valkey is: one table for the ledger, records, the snapshot and tasks. PURE.

SQLSTATEs: PostgreSQL docs, "Appendix A. PostgreSQL Error Codes". Valkey's prefixes: valkey.io, "RESP protocol" and its source
(`shared.*err` in server.c).
"""

import asyncio
from collections.abc import Iterator
from enum import StrEnum

import psycopg
from psycopg_pool import PoolTimeout


class Fault(StrEnum):
    """Whose fault an error is, and so what is done about it."""

    ITEM = "item"
    """What was to be written can't be: it is refused, alone. Sent again it fails again."""
    CONNECTION = "connection"
    """The connection is lost, or in a state that nobody can use: it is thrown away, and the address is looked up anew."""
    SERVER = "server"
    """The server can't at the moment, whoever asks. It is asked again until a deadline; meanwhile nothing is admitted."""
    BUG = "bug"
    """Nobody's: it is logged with a traceback. What may not be lost is tried again all the same."""


_BY_STATE = {
    "25006": Fault.SERVER,  # read-only: a standby, or a managed database without space
    "26000": Fault.CONNECTION,  # a prepared statement that another server connection has
    "42P05": Fault.CONNECTION,  # one that is there already
    "0A000": Fault.CONNECTION,  # "cached plan must not change result type"
    "42501": Fault.SERVER,  # a privilege that was taken away
    "3D000": Fault.SERVER,  # the database is not there, yet or any more
    "55000": Fault.SERVER,  # a server that is not in the state for it, such as one in recovery
    "55006": Fault.SERVER,
    "55P03": Fault.SERVER,  # a lock is not to be had in time
    "57P01": Fault.CONNECTION,  # the server ends this session: shutdown, or by an administrator
    "57P02": Fault.CONNECTION,
    "57P03": Fault.SERVER,  # it starts, stops or recovers
    "57P04": Fault.SERVER,
    "57P05": Fault.CONNECTION,  # idle for too long
}
_BY_CLASS = {
    "08": Fault.CONNECTION,
    "22": Fault.ITEM,
    "23": Fault.ITEM,
    "25": Fault.CONNECTION,  # in a transaction that has failed, or was idle for too long
    "28": Fault.SERVER,  # not let in: a password that was changed
    "40": Fault.SERVER,  # serialization failures and deadlocks: the same again may well go through
    "53": Fault.SERVER,  # no disk, memory or connections left
    "54": Fault.ITEM,  # larger than the server takes
    "57": Fault.SERVER,  # statement time-outs among them
    "58": Fault.SERVER,  # the disk fails, or a file is gone
    "P0": Fault.BUG,
    "XX": Fault.SERVER,  # data that is damaged, and what PostgreSQL calls internal
}
_MISSING = ("42P01", "42703", "42883", "3F000")
_WHY = {
    "25006": "takes no writes at the moment, as during a failover",
    "42501": "refuses this: Gatehouse's role has lost a privilege",
    "3D000": "does not have Gatehouse's database",
    "53100": "has no disk space left",
    "53200": "has no memory left",
    "53300": "has no connection free",
    "55P03": "has locked this for too long",
    "57014": "took too long for this",
    "57P03": "is starting or stopping",
    "28": "does not let Gatehouse in",
    "40": "was asked for the same twice at once",
}
"""What is told of a server that can't, by SQLSTATE or its class."""
_AWAY = "can't be reached"
_OF_VALKEY = ("READONLY", "MISCONF", "OOM", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "BUSY", "TRYAGAIN", "MOVED",
              "ASK", "NOAUTH", "WRONGPASS", "NOPERM", "UNBLOCKED", "MAX NUMBER OF CLIENTS")  # fmt: skip
_LOST_MODULES = ("redis.", "kombu.", "amqp.", "celery.")


def fault_of(error: BaseException) -> Fault:
    """Whose fault an error is, by itself or by what it was raised from, as Django's and Celery's are."""
    for each in _chain(error):
        if (found := _own(each)) is not None:
            return found
    return Fault.BUG


def is_away(error: BaseException) -> bool:
    """Whether the other side is away, or can't at the moment: asked again later, it may be well."""
    return fault_of(error) in (Fault.CONNECTION, Fault.SERVER)


def is_items_own(error: BaseException) -> bool:
    """Whether it is what was to be written that can't be, whoever is asked."""
    return fault_of(error) is Fault.ITEM


def outage(error: BaseException) -> str:
    """A sentence on what is away or can't at the moment, Postgres or Valkey, where that is what an error tells; empty for others."""
    if not is_away(error):
        return ""
    for each in _chain(error):
        if isinstance(each, psycopg.Error):
            state = each.sqlstate or ""
            why = _WHY.get(state) or _WHY.get(state[:2]) or _AWAY
            return f"Postgres {why}."
        if type(each).__module__.startswith(_LOST_MODULES):
            return f"Valkey {_AWAY if _of_valkey(each) is Fault.CONNECTION else 'takes no writes'}."
    return ""


def is_not_migrated(error: BaseException) -> bool:
    """Whether a table, column or function is missing, as in a database that has yet to be migrated."""
    return _state(error) in _MISSING


def spoils_connection(error: BaseException) -> bool:
    """Whether a connection on which it was seen is not to be used again: it leads to a server that can't, or to none."""
    state = _state(error)
    return (
        fault_of(error) is Fault.CONNECTION
        or state == "25006"
        or state in ("55000", "57P03", "42501")
        or (state or "")[:2] in ("58", "XX")
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen = set[int]()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _state(error: BaseException) -> str | None:
    return next(
        (each.sqlstate for each in _chain(error) if isinstance(each, psycopg.Error) and each.sqlstate), None
    )


def _own(error: BaseException) -> Fault | None:
    if isinstance(error, psycopg.Error):
        return _of_postgres(error)
    if isinstance(error, OSError | EOFError | TimeoutError | asyncio.IncompleteReadError):
        return Fault.CONNECTION
    if type(error).__module__.startswith(_LOST_MODULES):
        return _of_valkey(error)
    if isinstance(error, MemoryError):
        return Fault.SERVER
    return None


def _of_postgres(error: psycopg.Error) -> Fault:
    if (state := error.sqlstate) is not None:
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or Fault.BUG
    if isinstance(error, PoolTimeout) or type(error).__name__ in ("TooManyRequests", "PoolClosed"):
        return Fault.SERVER
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Fault.CONNECTION
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return Fault.ITEM
    return Fault.SERVER if isinstance(error, psycopg.InternalError) else Fault.BUG


def _of_valkey(error: BaseException) -> Fault | None:
    name = type(error).__name__
    if name in ("DataError", "SerializerNotInstalled", "EncodeError", "DecodeError"):
        return Fault.ITEM
    if "Connection" in name or "Timeout" in name or name in ("OperationalError", "BusyLoadingError"):
        return Fault.CONNECTION
    if name in (
        "ReadOnlyError",
        "OutOfMemoryError",
        "AuthenticationError",
        "NoPermissionError",
        "MaxConnectionsError",
    ):
        return Fault.SERVER
    text = str(error).upper()
    return Fault.SERVER if any(prefix in text for prefix in _OF_VALKEY) else Fault.BUG
