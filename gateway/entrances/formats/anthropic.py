"""PURE: Anthropic's Messages, to the conversation of a call.

Source: the types of the `anthropic` SDK. Members that change nothing here are accepted and let go; members that would
change the answer and can't be honoured are refused by name.
"""

from collections.abc import Sequence

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX
from gateway.conversation import Block, Conversation, InferenceConfig, Json, Message, SystemBlock
from gateway.entrances.formats.anthropic_blocks import Part, Text, Translator
from gateway.entrances.formats.anthropic_context import manage_context
from gateway.entrances.formats.anthropic_request import (
    MEMBERS,
    MessagesRequest,
    OutputConfig,
    output_config,
)
from gateway.entrances.formats.anthropic_served import OfServer
from gateway.entrances.formats.anthropic_tools import tools_of
from gateway.entrances.formats.members import Reader
from gateway.refusals import Refusal
from gateway.wire.beginnings import is_known_volatile

read_messages = Reader(MessagesRequest)
_MAX_BETAS = 50


def betas_of(header: bytes) -> list[str]:
    """The names in an `anthropic-beta` header."""
    names = header.decode("latin-1").split(",") if header else []
    return [name for each in names if (name := each.strip()[:100])][:_MAX_BETAS]


def conversation_of_anthropic(
    request: MessagesRequest, places: Places, betas: Sequence[str] = ()
) -> Conversation:
    """The request as a conversation. Refusal invalid_request for what can't be honoured.

    Which betas go on to the model is a matter of the model (gateway/wire/fit/betas.py).
    """
    MEMBERS.treat(request, places)
    system, messages = _messages(request, places)
    if not messages and not request.model.startswith(PREFIX):  # a prompt has messages of its own
        raise Refusal(
            "invalid_request",
            "'messages' has nothing to answer: send at least one user message.",
            param="messages",
        )
    manage_context(request.context_management, messages, places)
    if request.cache_control is not None and messages:
        messages[-1].content.append(Block(cache_point=request.cache_control.point()))
    stops = _stops(request.stop_sequences)
    tool_config, tool_choice = tools_of(request, messages, places)
    return Conversation(
        messages=messages,
        system=system or None,
        inference_config=InferenceConfig(
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            stop_sequences=stops,
        ),
        tool_config=tool_config,
        output_config=output_config(request.output_config or OutputConfig(), request.output_format),
        additional_model_request_fields=_more(request, tool_choice, betas),
        # Which sequence it was, Converse says only when asked.
        additional_model_response_field_paths=["/stop_sequence"] if stops else None,
    )


_MAX_STOPS = 2500  # as Converse takes them


def _stops(stops: list[str] | None) -> list[str] | None:
    if stops is not None and (len(stops) > _MAX_STOPS or not all(stops)):
        told = f"'stop_sequences' takes up to {_MAX_STOPS} texts, none empty."
        raise Refusal("invalid_request", told, param="stop_sequences")
    return stops or None


def _messages(request: MessagesRequest, places: Places) -> tuple[list[SystemBlock], list[Message]]:
    """System blocks, and messages in which the roles alternate, as Converse wants them."""
    translate = Translator(places)
    system = _system(request.system, places)
    messages: list[Message] = []
    for number, message in enumerate(request.messages):
        where = f"messages[{number}]"
        content = message.content
        if message.role == "system":
            system += _system(_texts(content, where), places)
            places.adjustments.append(Adjustment(where, "moved", "system"))
            continue
        if isinstance(content, str):
            blocks = [places.note(Block(text=content), where)]
        else:
            if message.role == "user" and any(isinstance(part, OfServer) for part in content):
                told = f"The body does not fit: {where}: what a server's tool left stands in the assistant's messages alone."
                raise Refusal("invalid_request", told, param=where)
            blocks = list(translate.blocks(content, where)) or [places.note(Block(text=""), where)]
        if messages and messages[-1].role == message.role:
            messages[-1].content.extend(blocks)
        else:
            messages.append(Message(role=message.role, content=blocks))
    return system, messages


def _system(given: str | list[Text] | None, places: Places) -> list[SystemBlock]:
    """System blocks, each followed by a cache point where it is marked.

    A block that differs each time goes behind the marks: before them, no two conversations share what is cached.
    """
    if not given:
        return []
    if isinstance(given, str):
        return [SystemBlock(text=given)]
    blocks: list[SystemBlock] = []
    for part in given:
        blocks.append(SystemBlock(text=part.text))
        if part.cache_control is not None:
            blocks.append(SystemBlock(cache_point=part.cache_control.point()))
    if is_known_volatile(given[0].text) and given[0].cache_control is None and len(blocks) > len(given):
        blocks.append(blocks.pop(0))
        places.adjustments.append(Adjustment("system[0]", "moved", "behind the cached prefix"))
    return blocks


def _texts(content: str | list[Part], where: str) -> str | list[Text]:
    if isinstance(content, str):
        return content
    texts = [part for part in content if isinstance(part, Text)]
    if len(texts) < len(content):
        raise Refusal("invalid_request", f"{where}: a system message takes text only.", param=where)
    return texts


def _more(request: MessagesRequest, tool_choice: Json | None, betas: Sequence[str]) -> Json | None:
    """What Converse has no member for, in the words of Claude's own API."""
    found: Json = {}
    if request.thinking is not None:
        found["thinking"] = msgspec.to_builtins(request.thinking)
    if request.top_k is not None:
        found["top_k"] = request.top_k
    if tool_choice is not None:
        found["tool_choice"] = tool_choice
    if betas:
        found["anthropic_beta"] = list(betas)
    return found or None
