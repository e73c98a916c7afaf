"""PURE: prompts called through the formats of others: `model: "prompt/<name>"`, `prompt/<name>@<label or version>`."""

from typing import Any

import orjson

from gateway.call.prompt_run import PREFIX, PromptRequest
from gateway.refusals import Refusal

_HOW = 'Send the prompt\'s variables as metadata: {"variables": {"name": "value"}}.'


def prompt_request_of(model: str, metadata: Any) -> PromptRequest | None:
    """The prompt that a model's name stands for, with the variables in the metadata; None where it is a model."""
    if not model.startswith(PREFIX):
        return None
    name, at, target = model[len(PREFIX) :].partition("@")
    if not name or (at and not target):
        raise Refusal(
            "invalid_request", "Write prompt/<name>, or prompt/<name>@<label or version>.", param="model"
        )
    if metadata is not None and not isinstance(metadata, dict):
        raise Refusal("invalid_request", f"metadata must be an object. {_HOW}", param="metadata")
    metadata = metadata or {}
    version = _number(target) if target.isdecimal() else None
    session = metadata.get("session", "")
    return PromptRequest(
        name=name,
        label="" if version is not None else target,
        version=version,
        variables=_object(metadata, "variables"),
        session=session if isinstance(session, str) else "",
        attributes=attributes_of(_object(metadata, "attributes"), "metadata.attributes"),
    )


def _number(text: str) -> int:
    if len(text) > 9:
        raise Refusal("invalid_request", "There is no version with that number.", param="model")
    return int(text)


def _object(metadata: dict[str, Any], name: str) -> dict[str, Any]:
    """An object among the metadata; SDKs that take only texts there send it as JSON."""
    value = metadata.get(name)
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise Refusal(
                "invalid_request", f"metadata.{name} is not valid JSON. {_HOW}", param="metadata"
            ) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal("invalid_request", f"metadata.{name} must be an object. {_HOW}", param="metadata")
    return value


def attributes_of(value: dict[str, Any], param: str) -> dict[str, str]:
    """Attributes, which are texts."""
    if not all(isinstance(each, str) for each in value.values()):
        raise Refusal("invalid_request", f"{param} must hold texts only.", param=param)
    return value
