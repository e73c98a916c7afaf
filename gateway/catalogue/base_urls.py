"""PURE: which addresses of providers may be asked."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from governance.alerts.policy import is_public

_MAX_LENGTH = 300
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_PATHS = ("/chat/completions", "/v1/messages", "/embeddings")
"""Of calls, which are not a part of the address."""


def problem_of(base_url: str, *, allow_private: bool) -> str:
    """Why an address can't be a provider's, as a sentence; empty where it can."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is not a URL."
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_private):
        return "Only https:// addresses are asked."
    if host and not _HOST.fullmatch(host):  # others may read it as another host
        return "The host has signs that no host has."
    if not host or "@" in parts.netloc or parts.query or parts.fragment or len(base_url) > _MAX_LENGTH:
        return "Give a host and a path, such as https://api.example.com/v1, without user, query and fragment."
    if parts.path.rstrip("/").endswith(_PATHS):
        return (
            "Give what stands before /chat/completions or /v1/messages, such as https://api.example.com/v1."
        )
    if not base_url.isprintable() or " " in base_url or not base_url.isascii():
        return "A URL has no blanks and only ASCII signs."
    if not allow_private and not is_allowed_host(host):
        return f"{host} is not on the internet. GATEHOUSE_PROVIDERS_ALLOW_PRIVATE would allow it."
    return ""


def is_allowed_host(host: str) -> bool:
    """Whether a host, as it is written, may be one of the internet's: no address of our own network, and a name with a dot."""
    try:
        return is_public(host)
    except ValueError:
        name = host.rstrip(".")
        return "." in name and not name.endswith((".local", ".internal", ".localhost"))


def is_allowed_address(address: str) -> bool:
    """Whether an address that was looked up is one of the internet's."""
    bare = address.partition("%")[0]
    try:
        ip_address(bare)
    except ValueError:
        return False
    return is_public(bare)
