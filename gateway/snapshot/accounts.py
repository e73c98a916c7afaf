"""PURE: an account with a provider beside Bedrock, as calls need it."""

from dataclasses import dataclass, field

BEDROCK = "bedrock"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """`key` is in the clear, in memory alone; empty where it could not be opened."""

    id: int
    name: str
    provider: str
    base_url: str = ""
    """Empty: the provider's own."""
    organisation: str = ""
    key: str = field(default="", repr=False)
