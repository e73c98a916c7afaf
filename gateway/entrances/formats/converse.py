"""PURE: requests in Bedrock's own Converse, for boto3 pointed at Gatehouse. Answers are in `converse_reply`."""

import re
from pathlib import Path
from typing import Any

import msgspec

from gateway.call.places import Places
from gateway.conversation import Conversation, Json
from gateway.entrances.formats.anthropic_request import OutputConfig, output_config
from gateway.refusals import Refusal
from governance.usage.policy.invocation_logs import CALL_KEY
from kernel.service_breach import BreachKind
from kernel.service_model import ServiceModel
from prompts.registry.policy.document import EXTRA_FIELDS

_SHAPES = Path(__file__).resolve().parents[2] / "wire" / "converse_shapes.json"
"""Written by `python -m gateway.providers.bedrock.shapes`."""
_shapes: dict[str, Any] = msgspec.json.decode(_SHAPES.read_bytes())
_check = ServiceModel(_shapes).checker("ConverseRequest")
_check_but_names = ServiceModel(
    _shapes | {"ToolName": {"type": "string"}, "ToolUseId": {"type": "string"}}
).checker("ConverseRequest")


def decode(body: bytes, *, places: Places, is_prompt: bool) -> Conversation:
    """A body, held to the service model as Bedrock holds it. Refusal invalid_request in Bedrock's words.

    Names of tools and IDs of their calls are the matter of rules that a deployment may have switched: what Bedrock says of them is
    kept in `places`. What prompts are filled in with travels in the metadata, in more signs than Bedrock takes; it goes no further.
    """
    given = msgspec.json.decode(body)
    if isinstance(given, dict):
        _refuse_by_name(given)
        held = (
            {name: member for name, member in given.items() if name != "requestMetadata"}
            if is_prompt
            else given
        )
        if (breach := _check(held)) is not None and breach.kind is not BreachKind.UNKNOWN:
            if (other := _check_but_names(held)) is not None and other.kind is not BreachKind.UNKNOWN:
                raise Refusal("invalid_request", other.message, param=other.path or None)
            places.words_on_names = breach.message
    conversation = msgspec.convert(given, Conversation)
    _take_output_config(conversation)
    return conversation


def _take_output_config(conversation: Conversation) -> None:
    """Claude's own member for structured output and effort among the additional fields: clients sent it there before Converse
    had `outputConfig` (AWS's guide "Effort", Vercel's @ai-sdk/amazon-bedrock). Refusal invalid_request where both are sent."""
    fields = conversation.additional_model_request_fields or {}
    if (sent := fields.get("output_config")) is None:
        return
    try:
        found = output_config(msgspec.convert(sent, OutputConfig)) or {}
    except msgspec.ValidationError as error:
        raise _output_refusal(str(error)) from None
    given = conversation.output_config or {}
    if twice := sorted(found.keys() & given.keys()):
        raise _output_refusal(f"'{twice[0]}' is in outputConfig, too. Send it once.")
    conversation.output_config = {**given, **found} or None
    rest = {name: value for name, value in fields.items() if name != "output_config"}
    conversation.additional_model_request_fields = rest or None


def _output_refusal(why: str) -> Refusal:
    where = "additionalModelRequestFields.output_config"
    return Refusal("invalid_request", f"{where}: {why}", param=where)


_FIELDS = EXTRA_FIELDS | {"anthropic_beta", "tool_choice"}
_HINTS = {
    "guardrailConfig": "Which guardrails look at a call is decided by Gatehouse's administrators; your team's hold without it.",
    "promptVariables": "Call a prompt of Gatehouse's as the model 'prompt/<name>', with its variables in the metadata.",
}


def _refuse_by_name(given: Json) -> None:
    """Refusal invalid_request for members of Converse that are not the caller's to set here."""
    for name, hint in _HINTS.items():
        if given.get(name):
            raise Refusal("invalid_request", f"'{name}' is not taken here. {hint} Leave it out.", param=name)
        given.pop(name, None)
    tier = given.get("serviceTier")
    if isinstance(tier, dict) and tier.get("type") == "reserved":
        raise Refusal(
            "invalid_request",
            "serviceTier: 'reserved' is capacity that AWS sells for a time, which routes do not have. Leave it out.",
            param="serviceTier",
        )


def _is_of_nova(value: Any) -> bool:
    """What Nova takes there beside Converse's own: more would be a second bound of the answer's length."""
    return isinstance(value, dict) and value.keys() <= {"topK"}


_MAX_METADATA = 15
"""Entries of a caller's own. Bedrock takes one more, which is Gatehouse's."""
_METADATA_NAME = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}", re.ASCII)
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}", re.ASCII)
_METADATA_RULE = "letters, digits, blanks and :_@$#=/+,-."


def check_request(conversation: Conversation) -> None:
    """Refusal invalid_request for what Converse takes and Gatehouse does not."""
    for number, message in enumerate(conversation.messages):
        where = f"messages[{number}]"
        if not message.content:
            raise Refusal(
                "invalid_request",
                f"The content field in the Message object at messages.{number} is empty. Add a ContentBlock object to the "
                "content field and try again.",
                param=f"messages.{number}",
            )
        if any(_names_s3(msgspec.to_builtins(block)) for block in message.content if block.text is None):
            raise Refusal(
                "invalid_request",
                f"{where}: send the bytes instead of an s3Location, which is not read for callers.",
                param=where,
            )
    fields = conversation.additional_model_request_fields or {}
    for name in fields:
        if name == "inferenceConfig" and _is_of_nova(fields[name]):
            continue
        if name not in _FIELDS:
            raise Refusal(
                "invalid_request",
                f"additionalModelRequestFields: '{name[:100]}' is not supported. Supported are {', '.join(sorted(_FIELDS))}.",
                param="additionalModelRequestFields",
            )


def check_metadata(metadata: dict[str, str] | None) -> None:
    """Refusal invalid_request for what Bedrock does not take, or leaves no room for the call's id.

    Source: the shapes RequestMetadata, RequestMetadataKeyString and RequestMetadataValueString of `bedrock-runtime`.
    """
    if metadata is None:
        return
    if len(metadata) > _MAX_METADATA:
        raise _metadata_refusal(
            f"{len(metadata)} entries, but {_MAX_METADATA} of your own are taken: Bedrock takes {_MAX_METADATA + 1}, and Gatehouse "
            f"adds the call's id as '{CALL_KEY}'."
        )
    if CALL_KEY in metadata:
        raise _metadata_refusal(
            f"'{CALL_KEY}' is the name under which Gatehouse adds the call's id. Take another one."
        )
    for name, value in metadata.items():
        if _METADATA_NAME.fullmatch(name) is None:
            raise _metadata_refusal(
                f"a name has {_METADATA_RULE}, from 1 to 256 characters, not {name[:100]!r}."
            )
        if _METADATA_VALUE.fullmatch(value) is None:
            raise _metadata_refusal(
                f"the value of '{name[:100]}' must have {_METADATA_RULE}, and at most 256 characters."
            )


def _metadata_refusal(why: str) -> Refusal:
    return Refusal("invalid_request", f"requestMetadata: {why}", param="requestMetadata")


def _names_s3(value: Any) -> bool:
    if isinstance(value, dict):
        return "s3Location" in value or any(map(_names_s3, value.values()))
    return isinstance(value, list) and any(map(_names_s3, value))
