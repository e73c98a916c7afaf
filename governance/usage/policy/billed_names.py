"""PURE: which model a line of AWS's bill is of. The bill names models otherwise than Bedrock does.

“Claude Haiku 4.5 (Amazon Bedrock Edition)” with `USE1-MP:USE1_InputTokenCount-Units` is of
`anthropic.claude-haiku-4-5-20251001-v1:0`, and `USE1-NovaLite-input-tokens` of `amazon.nova-lite-v1:0`.
"""

import re
from functools import lru_cache

_REGIONS = {
    "USE1": "us-east-1", "USE2": "us-east-2", "USW1": "us-west-1", "USW2": "us-west-2", "CAN1": "ca-central-1",
    "EU": "eu-west-1", "EUW1": "eu-west-1", "EUW2": "eu-west-2", "EUW3": "eu-west-3", "EUC1": "eu-central-1",
    "EUC2": "eu-central-2", "EUN1": "eu-north-1", "EUS1": "eu-south-1", "EUS2": "eu-south-2", "APN1": "ap-northeast-1",
    "APN2": "ap-northeast-2", "APN3": "ap-northeast-3", "APS1": "ap-southeast-1", "APS2": "ap-southeast-2",
    "APS3": "ap-south-1", "SAE1": "sa-east-1", "UGW1": "us-gov-west-1", "UGE1": "us-gov-east-1",
}  # fmt: skip
_GEOGRAPHIES = frozenset({"us", "eu", "apac", "jp", "au", "ca", "global", "us-gov"})
_REGION = re.compile(r"^([A-Z]{2,3}\d?)-")
_TOKENS = re.compile(
    r"[-_ ](?:mantle[-_ ])?(?:input|output|cache|text|image|video|audio|batch|request|token)", re.I
)
_NOISE = re.compile(
    r":\d+.*$|-v1$|(?<=\D)-\d(?=:)|-20\d{6}(?=-|$)|(?<=\d)\.0(?=\D|$)|[- ](?:instruct|it)$", re.I
)
"""What a name may have or not: revision, date, version one, tuning."""


def region_of_usage(usage_type: str) -> str:
    """The region that a usage type begins with; empty where it names none that is known."""
    found = _REGION.match(usage_type)
    return _REGIONS.get(found[1], "") if found else ""


def billed_model(product_name: str, usage_type: str) -> str:
    """A model as the bill names it: by its product, or else by the kind of usage; empty where neither says."""
    if product_name.strip():
        return product_name.strip()
    rest = _REGION.sub("", usage_type)
    found = _TOKENS.search(rest)
    return rest[: found.start()] if found else rest


@lru_cache(maxsize=4096)
def name_key(name: str) -> tuple[str, str]:
    """The letters of a model's name in alphabetical order, and its digits in their own: equal for names of one model.

    So it does not matter in what order the words are, nor how they are parted.
    """
    text, before = name.strip(), ""
    while text != before:
        text, before = _NOISE.sub("", text), text
    letters = sorted(each for each in text.lower() if each.isalpha())
    return "".join(letters), "".join(each for each in text if each.isdigit())


def keys_of_id(model_id: str) -> set[tuple[str, str]]:
    """The keys that names of a model on the bill may have: with its vendor, and without."""
    text = model_id.rpartition("/")[2]
    parts = text.split(".")
    while len(parts) > 2 and parts[0] in _GEOGRAPHIES:
        parts = parts[1:]
    return {name_key("".join(parts[:1]) + " " + ".".join(parts[1:])), name_key(".".join(parts[1:]) or text)}
