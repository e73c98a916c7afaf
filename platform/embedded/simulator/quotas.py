"""What Service Quotas lists of Bedrock: made-up values under AWS's names."""

from typing import Any

from embedded.simulator.errors import invalid
from embedded.simulator.models import Models

_PER_MINUTE = {"On-demand": 200_000, "Cross-Region": 1_000_000, "Global cross-region": 2_000_000}
_GLOBAL = "global"


def service_quotas(models: Models, region: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them on one page. Source of the shape: botocore's model of `service-quotas`, ListServiceQuotas."""
    if body.get("ServiceCode") != "bedrock":
        raise invalid("The service code is not one of this simulator: bedrock.")
    named = [("On-demand", each["modelName"], each["providerName"]) for each in models.summaries(region, {})
             if "ON_DEMAND" in each["inferenceTypesSupported"]]  # fmt: skip
    for each in models.profiles(region):
        geography, _, model_id = each["inferenceProfileId"].partition(".")
        model = models.resolve(model_id)
        way = "Global cross-region" if geography == _GLOBAL else "Cross-Region"
        named.append((way, model.name, model.vendor))
    return [
        {
            "ServiceCode": "bedrock",
            "ServiceName": "Amazon Bedrock",
            "QuotaName": f"{way} InvokeModel tokens per minute for {vendor} {name} V1",
            "QuotaCode": f"L-{number:08X}",
            "Value": float(_PER_MINUTE[way]),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for number, (way, name, vendor) in enumerate(dict.fromkeys(named))
    ]
