"""PURE: the networks a key may be used from."""

from ipaddress import ip_network

from kernel.errors import InvalidError


class BadNetworkError(InvalidError):
    """What is not a network; the message says what to write."""

    code = "bad_network"


def parse_network(text: str) -> str:
    """A network in its usual form (`10.0.0.0/8`; a single address gets /32 or /128). BadNetworkError saying what is wrong."""
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise BadNetworkError(
            f"“{text}” is not a network. Write one such as 10.0.0.0/8 or 2001:db8::/32."
        ) from None
    raise BadNetworkError(f"“{text}” is an address inside a network. Did you mean {meant}?")
