"""What AWS lets this account send in a minute: Service Quotas of a region. Called by a command, never on the way of a call."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.providers.bedrock.boto_time import timed_client
from gateway.providers.bedrock.offers import DENIED, ControlPlaneError


def list_quotas(*, region: str, endpoint_url: str = "") -> dict[str, float]:
    """Values by name. Raises ControlPlaneError, also where the role may not list them (servicequotas:ListServiceQuotas)."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2, "mode": "standard"})
    try:
        client = timed_client(
            "service-quotas", region_name=region, endpoint_url=endpoint_url or None, config=config
        )
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="bedrock")
        return {str(each["QuotaName"]): float(each["Value"]) for page in pages for each in page["Quotas"]}
    except (BotoCoreError, ClientError) as error:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        lacks = "Gatehouse's role lacks the permission servicequotas:ListServiceQuotas. "
        raise ControlPlaneError(f"{lacks if code in DENIED else ''}{error}") from error
