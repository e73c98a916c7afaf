"""The regions the simulator plays. All of them answer on one port; the signature names the region."""

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-3",
    "eu-north-1",
    "ap-northeast-1",
    "ap-southeast-2",
)
PROVIDERS = ("openai", "anthropic", "perplexity")
"""Providers beside Bedrock, each under a path of its own; their pace and faults are set as those of regions are."""
