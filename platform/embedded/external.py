"""Services that somebody else runs: can they be reached with what the environment says?"""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
from psycopg.conninfo import make_conninfo

from embedded.errors import StartError

CONNECT_SECONDS = 5
ADVICE = {
    "password authentication failed": "check the user and the password",
    "no password supplied": "put the password into the URL",
    "does not exist": "create it first",
    "refused": "check that PostgreSQL runs there",
    "resolve": "check the host's name",
    "not known": "check the host's name",
    "timeout": "check the host and the firewalls on the way",
}


def check_database(url: str) -> None:
    """Raises StartError, without the password, when the database of DATABASE_URL cannot be used."""
    scheme, _, rest = url.partition("://")
    if scheme not in environ.Env.DB_SCHEMES or "postgres" not in environ.Env.DB_SCHEMES[scheme] or not rest:
        raise StartError(
            "DATABASE_URL is not a PostgreSQL URL: use postgres://user:password@host:5432/database."
        )
    try:
        parts = environ.Env.db_url_config(url)
    except ValueError:
        raise StartError(
            "DATABASE_URL has a part that cannot be read: use postgres://user:password@host:5432/database."
        ) from None
    where = f"{parts['HOST'] or 'localhost'}:{parts['PORT'] or 5432}"
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    try:
        psycopg.connect(_connection_string(parts)).close()
    except psycopg.Error as error:
        reason = _one_line(str(error))
        advice = next((text for sign, text in ADVICE.items() if sign in reason), "check DATABASE_URL")
        raise StartError(
            f"DATABASE_URL: cannot connect to {where}, database {parts['NAME'] or '(none)'!r}: {reason}; {advice}."
        ) from None


def check_redis(url: str) -> None:
    """Raises StartError, without the password, when the server of REDIS_URL does not answer."""
    import redis  # it takes a while: only where there is somebody else's server

    from kernel.valkey import check

    try:
        check(url, seconds=CONNECT_SECONDS)
    except ValueError as error:
        said = f" ({error})" if "sentinel" in url.partition("://")[0] else ""
        raise StartError(
            f"REDIS_URL is not a Redis URL{said}: use redis://:password@host:6379/0, "
            "or redis+sentinel://:password@host:26379,host:26379/name."
        ) from None
    except (redis.RedisError, OSError) as error:
        host = urlsplit(url).netloc.rpartition("@")[2] or "its socket"
        raise StartError(
            f"REDIS_URL: {host} does not answer: {_one_line(str(error))}. Check REDIS_URL."
        ) from None


def _connection_string(parts: Mapping[str, Any]) -> str:
    named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    options = {name: value for name, value in parts.get("OPTIONS", {}).items() if isinstance(value, str)}
    given = {name: parts[part] for name, part in named.items() if parts[part]}
    return make_conninfo(connect_timeout=CONNECT_SECONDS, **options, **given)


def _one_line(reason: str) -> str:
    """The last line of a driver's message, without its own preamble."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    text = lines[-1] if lines else "no reason given"
    return text.rpartition("FATAL:")[2].strip().rstrip(".")
