"""PURE: a context source, as a call needs it, and what is asked of it."""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from kernel.errors import InvalidError


class BadSourceError(InvalidError):
    """The source can't be used; the message says what to change."""

    code = "bad_source"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One source. `revision` changes whenever the source does, so that nothing old is served from memory."""

    id: int
    name: str
    kind: str
    revision: str
    text: str = ""
    view: str = ""
    key_column: str = ""
    variable: str = ""
    url: str = ""
    most_rows: int = 20
    timeout_ms: int = 1000
    cache_seconds: int = 300
    on_failure: str = "refuse"


def check_source_entry(source: SourceEntry, *, hosts: tuple[str, ...], has_database: bool) -> None:
    """BadSourceError for a source that lacks something, or that the operator does not allow."""
    if source.kind == "text" and not source.text.strip():
        raise BadSourceError("Write the text.")
    if source.kind == "sql":
        if not source.view:
            raise BadSourceError("Name the view.")
        if bool(source.key_column) != bool(source.variable):
            raise BadSourceError("Give a column and a variable, or neither.")
        if not has_database:
            raise BadSourceError(
                "No database for context is set up. The operator sets GATEHOUSE_CONTEXT_DATABASE_URL, with a role that may "
                "only read what prompts may see."
            )
    if source.kind == "http":
        check_url(source.url, hosts=hosts)
        if "{value}" in source.url and not source.variable:
            raise BadSourceError("The URL has {value} in it: say which variable that is.")


def check_url(url: str, *, hosts: tuple[str, ...]) -> None:
    """BadSourceError for an address that is not among those the operator allows."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # which is read only here, and may be none
    except ValueError as error:
        raise BadSourceError(f"Invalid URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or "{" in parts.netloc:
        raise BadSourceError("Write a whole URL, such as https://crm.example.com/facts/{value}.")
    if parts.netloc.lower() not in hosts and parts.hostname.lower() not in hosts:
        known = ", ".join(hosts) or "none"
        raise BadSourceError(
            f"{parts.netloc} is not among the hosts that context may come from ({known}). The operator sets GATEHOUSE_CONTEXT_HOSTS."
        )
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    if address.is_link_local:
        raise BadSourceError("Link-local addresses are not asked: cloud credentials are served there.")


def address_of(source: SourceEntry, value: Any) -> str:
    """The URL for a value of the variable, which can't reach beyond its place."""
    if "{value}" in source.url and str(value) in ("", ".", "..", "None"):
        raise BadSourceError(f"The variable '{source.variable}' has no value that could stand in an address.")
    return source.url.replace("{value}", quote(str(value), safe=""))
