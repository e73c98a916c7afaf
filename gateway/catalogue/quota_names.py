"""PURE: which deployments a quota of AWS's Service Quotas is of, by its name.

Sources: AWS user guide, "Quotas for the bedrock-runtime endpoint"; AWS General Reference, "Amazon Bedrock endpoints and quotas",
whose older names say "model inference" in the place of InvokeModel, and have "Global cross-region" ones.
"""

import re
from dataclasses import dataclass

_NAME = re.compile(
    r"(?P<way>global cross-region|cross-region|on-demand) (?:invokemodel|model inference) (?P<what>tokens|requests) per minute for (?P<model>.+)",
    re.IGNORECASE,
)
_VENDORS = ("anthropic", "amazon", "meta", "mistral ai", "mistral", "cohere", "deepseek", "qwen", "openai", "google", "nvidia", "ai21 labs", "ai21", "writer", "moonshot ai", "minimax", "z.ai", "twelvelabs")  # fmt: skip
_REVISION = re.compile(r"\s+v\d+(?::\d+)?$")
_COLUMNS = {"tokens": "tokens_per_minute", "requests": "requests_per_minute"}
_WAYS = {"on-demand": "", "cross-region": "cross", "global cross-region": "global"}


@dataclass(frozen=True, slots=True)
class NamedQuota:
    """`way` is "" (on demand), `cross` (a profile of a geography) or `global`; `column` is the deployment's."""

    way: str
    column: str
    model: str


def named_quota(name: str) -> NamedQuota | None:
    """What a quota's name says; None for one that is of no model's invocations."""
    found = _NAME.fullmatch(name.strip())
    if found is None:
        return None
    return NamedQuota(
        _WAYS[found["way"].lower()], _COLUMNS[found["what"].lower()], plain_name(found["model"])
    )


def plain_name(name: str) -> str:
    """A model's name without vendor, revision, brackets and case, by which AWS's two spellings of it are told to be the same."""
    text = re.sub(r"\(.*?\)", "", name).strip().lower()
    text = _REVISION.sub("", text)
    for vendor in _VENDORS:
        if text.startswith(f"{vendor} "):
            text = text.removeprefix(f"{vendor} ")
            break
    return re.sub(r"[\s-]+", " ", text).strip()


def way_of(profile: str) -> str:
    """Of a deployment's inference profile, as quotas tell them apart."""
    return {"": "", "global": "global"}.get(profile, "cross")
