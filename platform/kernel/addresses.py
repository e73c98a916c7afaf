"""PURE: by what those who come over the network are told apart."""

from ipaddress import IPv6Address, ip_address, ip_network

OTHERS = ""
"""The address under which all of them are counted that have no row of their own, or no address that is known."""


def address_of(client_ip: str | None) -> str:
    """By what callers are told apart: an IPv4 address, or the /64 of an IPv6 one, of which a client has a whole one."""
    try:
        found = ip_address(client_ip or "")
    except ValueError:
        return OTHERS
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)
