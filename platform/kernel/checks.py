"""Settings that are fine on a machine for trying things out and unsafe anywhere else.

`manage.py check --deploy` reports them, and no server starts with an error among them.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import psycopg
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from kernel.deadlines import TCP
from kernel.replica import Nearness

INSECURE_DEFAULT = "insecure-default"
"""What a secret is where none is configured."""
_SECRETS = {
    "SECRET_KEY": "Anybody can sign a session with it and be an administrator.",
    "MASTER_KEY": "Anybody can tell from a placeholder which value it stands for.",
}
_TRYING_OUT = "On a machine for trying things out, set GATEHOUSE_EMBEDDED=true."

logger = logging.getLogger(__name__)


@register(Tags.database, deploy=True)
def pooler_in_the_way(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A pooler on the address that news come by: in transaction mode it loses them, without an error."""
    try:
        is_pooled = leads_to_pooler(settings.DATABASE_DIRECT_URL)
    except psycopg.Error as error:
        hint = "See that the address is right, and that Postgres runs."
        return [
            Warning(
                f"DATABASE_DIRECT_URL can't be reached ({type(error).__name__}).",
                hint=hint,
                id="gatehouse.W005",
            )
        ]
    if not is_pooled:
        return []
    return [
        Error(
            "DATABASE_DIRECT_URL leads to a pooler such as PgBouncer: changed keys, budgets and rules would be noticed late.",
            hint="Give it the address of Postgres itself, and the pooler's to DATABASE_URL.",
            id="gatehouse.E005",
        )
    ]


@register(Tags.database, deploy=True)
def replica_in_vain(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A replica that nothing is read from."""
    if not settings.REPLICA_DATABASE_URL:
        return []
    with closing(Nearness(settings.REPLICA_DATABASE_URL)) as replica:
        if replica.is_near():
            return []
    return [
        Warning(
            "GATEHOUSE_REPLICA_DATABASE_URL is not read: it can't be reached, takes writes itself, or is far behind.",
            hint="Give it the address of a standby that follows the primary. Until then reports read the primary.",
            id="gatehouse.W006",
        )
    ]


@register(Tags.security, deploy=True)
def unsafe_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What is unsafe in the settings, the worst first."""
    found: list[CheckMessage] = []
    if not settings.EMBEDDED:
        found += [
            Error(
                f"GATEHOUSE_{name} is the default that everybody knows. {reason}",
                hint=f"Set it to a long random text, the same on every process. {_TRYING_OUT}",
                id=f"gatehouse.E00{number}",
            )
            for number, (name, reason) in enumerate(_SECRETS.items(), 1)
            if getattr(settings, name) in {"", INSECURE_DEFAULT}
        ]
        if settings.DEBUG:
            hint = f"Leave it out. {_TRYING_OUT}"
            found.append(
                Error("GATEHOUSE_DEBUG shows settings and code to anybody.", hint=hint, id="gatehouse.E003")
            )
        if "*" in settings.GATEWAY_CORS_ORIGINS:
            hint = f"Name the origins, such as https://app.example.com. {_TRYING_OUT}"
            found.append(
                Error(
                    "GATEHOUSE_CORS_ORIGINS lets pages of all the web call.", hint=hint, id="gatehouse.E004"
                )
            )
        if not settings.KMS_KEY_ID:
            found.append(
                Warning(
                    "Keys of teams are encrypted with GATEHOUSE_MASTER_KEY: who has it and the database reads stored raw text.",
                    hint="Set GATEHOUSE_KMS_KEY_ID to a key of AWS KMS. Where no policy stores raw text, there is none to read.",
                    id="gatehouse.W002",
                )
            )
    if not settings.PUBLIC_URL.startswith("https://") and not is_loopback(settings.HOST):
        found.append(
            Warning(
                f"{settings.PUBLIC_URL} is not https: passwords and keys cross the network as they are.",
                hint="Set GATEHOUSE_PUBLIC_URL to the https address that people and callers use.",
                id="gatehouse.W001",
            )
        )
    return found


def is_loopback(host: str) -> bool:
    """Whether a server that listens on this host is reached from its own machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_unsafe_settings() -> None:
    """For servers, before they start. Raises ImproperlyConfigured for errors, logs warnings."""
    found = unsafe_settings()
    errors = [f"{each.msg} {each.hint}" for each in found if each.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(errors))
    for each in found:
        logger.warning("%s %s", each.msg, each.hint)


def leads_to_pooler(url: str) -> bool:
    """Whether something stands between this address and Postgres: it names a process of its own, and not the server's, for what
    is to be cancelled (PostgreSQL docs, "Message Formats": BackendKeyData). Raises psycopg.Error."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, **TCP) as connection:
        told = connection.info.backend_pid
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] != told
