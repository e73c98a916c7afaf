"""PURE: requests in Bedrock's own Converse, for boto3 pointed at Gatehouse. Answers are in `converse_reply`."""

from typing import Any

import msgspec

from gateway.conversation import Conversation
from gateway.refusals import Refusal
from prompts.registry.policy.document import EXTRA_FIELDS

decode = msgspec.json.Decoder(Conversation).decode


def check_request(conversation: Conversation) -> None:
    """Refusal invalid_request for what Converse takes and Gatehouse does not."""
    for number, message in enumerate(conversation.messages):
        where = f"messages[{number}]"
        if not message.content:
            raise Refusal("invalid_request", f"{where} has no content.", param=where)
        if any(_names_s3(msgspec.to_builtins(block)) for block in message.content if block.text is None):
            raise Refusal(
                "invalid_request",
                f"{where}: send the bytes instead of an s3Location, which is not read for callers.",
                param=where,
            )
    for name in conversation.additional_model_request_fields or ():
        if name not in EXTRA_FIELDS:
            raise Refusal(
                "invalid_request",
                f"additionalModelRequestFields: '{name[:100]}' is not supported. Supported are {', '.join(sorted(EXTRA_FIELDS))}.",
                param="additionalModelRequestFields",
            )


def _names_s3(value: Any) -> bool:
    if isinstance(value, dict):
        return "s3Location" in value or any(map(_names_s3, value.values()))
    return isinstance(value, list) and any(map(_names_s3, value))
