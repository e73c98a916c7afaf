"""PURE: what stands in for a value of a team, the same each time, and tells nothing of it without the team's key."""

import hashlib
import hmac


def team_key(master_key: str, team_public_id: str) -> bytes:
    """The key that placeholders of a team are made with, derived, so that nothing has to be kept."""
    return hmac.digest(master_key.encode(), b"placeholder:" + team_public_id.encode(), hashlib.sha256)


def placeholder(entity: str, digits: str) -> str:
    """The token of some digits."""
    return f"<{entity}_{digits}>"


def digest(key: bytes, entity: str, value: str) -> str:
    """The keyed hash of a value, in hexadecimal: the same for the same value under one key."""
    return hmac.digest(key, f"{entity}:{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
