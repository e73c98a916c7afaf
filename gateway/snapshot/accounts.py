"""PURE: an account with a provider beside Bedrock, as calls need it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BEDROCK = "bedrock"
_AWS_HOST = re.compile(
    r"(vpce-[a-z0-9-]+\.)?(bedrock(-[a-z]+)*|runtime(-fips)?\.sagemaker)\.(?P<region>[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2})"
    r"(\.vpce)?\.(api\.aws|amazonaws\.com)"
)
"""Where models are AWS's own to answer. Other addresses of AWS are anybody's: what an API Gateway or a load balancer is sent may go
anywhere. Sources: AWS user guide, "Endpoints supported by Amazon Bedrock" (bedrock-mantle.<region>.api.aws); AWS General
Reference, "Amazon Bedrock endpoints and quotas", "Amazon SageMaker AI endpoints and quotas"; Bedrock user guide, "Use interface
VPC endpoints"."""


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
    aws_region: str = field(init=False)
    """Of an address of AWS's own, as Bedrock's second endpoint is: what is asked there does not leave AWS; "" for any other."""

    def __post_init__(self) -> None:
        found = _AWS_HOST.fullmatch(urlsplit(self.base_url).hostname or "")
        object.__setattr__(self, "aws_region", "" if found is None else found["region"])

    @property
    def is_aws(self) -> bool:
        return bool(self.aws_region)
