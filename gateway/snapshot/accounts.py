"""PURE: an account with a provider beside Bedrock, as calls need it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

BEDROCK = "bedrock"
_AWS_HOSTS = (".api.aws", ".amazonaws.com")
"""Source: AWS user guide, "Endpoints supported by Amazon Bedrock" (bedrock-mantle.<region>.api.aws)."""


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
    is_aws: bool = field(init=False)
    """Whether it is an address of AWS's own, as Bedrock's second endpoint is: what is asked there does not leave AWS."""

    def __post_init__(self) -> None:
        host = urlsplit(self.base_url).hostname or ""
        object.__setattr__(self, "is_aws", host.endswith(_AWS_HOSTS))
