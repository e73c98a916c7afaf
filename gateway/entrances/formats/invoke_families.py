"""PURE: which of InvokeModel's bodies a model takes.

Every family of models has a body of its own. It goes by the model that is called, whatever its route is named; only Anthropic's
body says of itself what it is, and is taken for every model.
"""

from enum import StrEnum
from typing import Any

from gateway.snapshot.state import DeploymentEntry, Snapshot


class Family(StrEnum):
    """The bodies that Gatehouse speaks, as AWS's user guide sorts them."""

    ANTHROPIC = "anthropic"
    NOVA = "nova"
    TITAN_TEXT = "titan-text"
    TITAN_EMBEDDING = "titan-embedding"
    COHERE_EMBEDDING = "cohere-embedding"
    COHERE_GENERATE = "cohere-generate"
    COHERE_CHAT = "cohere-chat"
    LLAMA = "llama"
    MISTRAL = "mistral"
    OTHER = "other"


_BY_NAME = {family.value: family for family in Family}
_BY_ID = (
    ("anthropic.", Family.ANTHROPIC),
    ("amazon.nova-2-multimodal", Family.OTHER),
    ("amazon.nova-", Family.NOVA),
    ("amazon.titan-text-", Family.TITAN_TEXT),
    ("amazon.titan-tg1-", Family.TITAN_TEXT),
    ("amazon.titan-embed-text-", Family.TITAN_EMBEDDING),
    ("cohere.embed-", Family.COHERE_EMBEDDING),
    ("cohere.command-r", Family.COHERE_CHAT),
    ("cohere.command-a", Family.COHERE_CHAT),
    ("cohere.command-", Family.COHERE_GENERATE),
    ("meta.llama", Family.LLAMA),
    ("mistral.", Family.MISTRAL),
)


def family_asked(snapshot: Snapshot, model: str) -> Family | None:
    """The family of the model that is called by a name; None where nobody knows the name."""
    route = snapshot.route(model)
    if route is None or not route.deployments:
        return None
    return family_of_deployment(route.deployments[0])


def family_of_deployment(deployment: DeploymentEntry) -> Family:
    """By the catalogue, where it names one that is spoken here, else by the model's ID."""
    for name in deployment.capability.invoke_families:
        if (family := _BY_NAME.get(name)) is not None:
            return family
    return next((family for prefix, family in _BY_ID if deployment.model_id.startswith(prefix)), Family.OTHER)


_TELLING = (
    ("anthropic_version", Family.ANTHROPIC),
    ("schemaVersion", Family.NOVA),
    ("textGenerationConfig", Family.TITAN_TEXT),
    ("inputText", Family.TITAN_EMBEDDING),
    ("texts", Family.COHERE_EMBEDDING),
    ("max_gen_len", Family.LLAMA),
    ("message", Family.COHERE_CHAT),
)


def family_of_body(body: Any, family: Family | None) -> Family | None:
    """The family whose body this is: the model's, or, where that is not known, what the body looks like."""
    if not isinstance(body, dict):
        return family
    if "anthropic_version" in body:
        return Family.ANTHROPIC
    if family is not None:
        return family
    return next((found for member, found in _TELLING if member in body), None)
