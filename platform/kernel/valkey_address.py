"""What REDIS_URL says: one Valkey, or the Sentinels that know which is the primary. PURE.

`redis+sentinel://[user:][password]@host[:26379],host[:26379]/name[/db][?sentinel_username=…&sentinel_password=…]`, with TLS
`rediss+sentinel://`. There is no registered form of such an address; this one is read alike by several clients (lettuce has it
as `redis-sentinel://`, django-environ's and SQLAlchemy's `scheme+variant` is how Python writes it). User and password are
Valkey's own; Sentinels have theirs in the query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True}
_PORT = 26379
"""Sentinel's own (valkey.io, "High availability with Valkey Sentinel")."""
_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})
_FORM = "redis+sentinel://:password@host:26379,host:26379/name"
SENTINEL_SECONDS = 0.3
"""So long one Sentinel is waited for before the next is asked: a host that is away answers nothing at all."""


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who knows the primary called `name`, and what it is reached with."""

    hosts: tuple[tuple[str, int], ...]
    name: str
    db: int
    username: str | None
    password: str | None
    uses_tls: bool
    own: Mapping[str, str]
    """The Sentinels' `username` and `password`, where they have any."""

    @property
    def connection(self) -> dict[str, Any]:
        """What redis-py is to be told of a connection to the primary."""
        given = {"username": self.username, "password": self.password, "db": self.db}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def to_sentinels(self) -> dict[str, Any]:
        """The same of one to a Sentinel."""
        waits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
        return {**self.own, **waits, **({"ssl": True} if self.uses_tls else {})}


def sentinels_of(url: str) -> Sentinels | None:
    """None where the address is a server's own. Raises ValueError, in words for whoever has set it, without the password."""
    if (uses_tls := _SCHEMES.get(url.partition("://")[0].lower())) is None:
        return None
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.rpartition(":")
    name, _, db = parts.path.strip("/").partition("/")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if unknown := sorted(options.keys() - _OPTIONS):
        raise ValueError(
            f"{unknown[0]} is none of its options, which are {' and '.join(sorted(_OPTIONS, reverse=True))}"
        )
    if not name or not hosts:
        raise ValueError(f"it names no {'primary' if hosts else 'host'}: use {_FORM}")
    if db and not db.isdecimal():
        raise ValueError(f"after the name comes the number of a database, not {db!r}: use {_FORM}/0")
    return Sentinels(
        hosts=tuple(_host(each) for each in hosts.split(",")),
        name=unquote(name),
        db=int(db or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        uses_tls=uses_tls,
        own={key.removeprefix("sentinel_"): value for key, value in options.items()},
    )


def broker(url: str) -> tuple[str, dict[str, Any]]:
    """Celery's broker URL, and what its transport is to be told (kombu docs, "Redis Transport": Sentinel)."""
    found = sentinels_of(url)
    if found is None:
        return url, {}
    user, password = (quote(part or "", safe="") for part in (found.username, found.password))
    at = f"{user}:{password}@" if user or password else ""
    urls = (f"sentinel://{at}{_bracketed(host)}:{port}/{found.db}" for host, port in found.hosts)
    return ";".join(urls), {"master_name": found.name, "sentinel_kwargs": found.to_sentinels}


def _host(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError(f"{text!r} can't be read as a host: use {_FORM}")
    return host, port or _PORT


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
