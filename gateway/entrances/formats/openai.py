"""PURE: OpenAI's chat completions, from and to the conversation and events of a call.

Source: the OpenAI API reference, "Create chat completion". Members that change nothing here are accepted and let go;
members that would change the answer and can't be honoured are refused by name.
"""

from typing import Literal

import msgspec

from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX
from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    InputSchema,
    Json,
    Message,
    ServiceTier,
    SystemBlock,
    Tool,
    ToolConfig,
    ToolResult,
    ToolResultBlock,
    ToolSpec,
    ToolUse,
)
from gateway.entrances.formats.images import image_block
from gateway.entrances.formats.openai_request import (
    ChatMessage,
    ChatRequest,
    ImagePart,
    NamedTool,
    Part,
    RefusalPart,
    ResponseFormat,
    TextPart,
)
from gateway.refusals import Refusal

_MAX_STOPS = 4


def conversation_of_openai(request: ChatRequest, places: Places) -> Conversation:
    """The request as a conversation. Refusal invalid_request for what can't be honoured.

    What Converse does not take is left as it is: each model's request is fitted to it later.
    """
    _refuse_unsupported(request)
    system, messages = _messages(request.messages, places)
    if system and not messages and not request.model.startswith(PREFIX):
        messages = [
            Message(role="user", content=[Block(text=system.pop().text)])
        ]  # there is nobody else to answer
    if not messages and not request.model.startswith(PREFIX):  # a prompt has messages of its own
        raise Refusal(
            "invalid_request",
            "'messages' has nothing to answer: send at least one user message.",
            param="messages",
        )
    return Conversation(
        messages=messages,
        system=system or None,
        inference_config=InferenceConfig(
            max_tokens=request.max_tokens
            if request.max_completion_tokens is None
            else request.max_completion_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            stop_sequences=_stops(request.stop),
        ),
        tool_config=_tool_config(request, messages),
        additional_model_request_fields=_no_tools(request, messages),
        output_config=_output_config(request.response_format),
        service_tier=_service_tier(request.service_tier),
    )


def _service_tier(asked: str | None) -> ServiceTier | None:
    if asked == "flex":
        return ServiceTier(type="flex")
    return ServiceTier(type="priority") if asked == "priority" else None


def _refuse_unsupported(request: ChatRequest) -> None:
    unsupported = {
        "n": request.n not in (None, 1),
        "logprobs": bool(request.logprobs or request.top_logprobs),
        "logit_bias": bool(request.logit_bias),
        "presence_penalty": bool(request.presence_penalty),
        "frequency_penalty": bool(request.frequency_penalty),
        "modalities": request.modalities not in (None, ["text"]),
        "functions": bool(request.functions),
    }
    for name, is_asked in unsupported.items():
        if is_asked:
            hint = (
                "Only n=1 is." if name == "n" else "Use 'tools'." if name == "functions" else "Leave it out."
            )
            raise Refusal(
                "invalid_request", f"'{name}' is not supported for models on Bedrock. {hint}", param=name
            )


def _stops(stop: str | list[str] | None) -> list[str] | None:
    if stop is None:
        return None
    stops = [stop] if isinstance(stop, str) else stop
    if len(stops) > _MAX_STOPS or not all(stops):
        raise Refusal("invalid_request", f"'stop' takes up to {_MAX_STOPS} texts, none empty.", param="stop")
    return stops or None


def _messages(given: list[ChatMessage], places: Places) -> tuple[list[SystemBlock], list[Message]]:
    """System blocks, and messages in which the roles alternate, as Converse wants them."""
    system: list[SystemBlock] = []
    messages: list[Message] = []
    for number, message in enumerate(given):
        where = f"messages[{number}]"
        if message.role in ("system", "developer"):
            system += [SystemBlock(text=text) for text in _texts(message, where)]
            continue
        role: Literal["user", "assistant"] = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, where, places)
        if messages and messages[-1].role == role:
            messages[-1].content.extend(blocks)
        else:
            messages.append(Message(role=role, content=blocks))
    return system, messages


def _blocks(message: ChatMessage, where: str, places: Places) -> list[Block]:
    if message.role == "tool":
        if not message.tool_call_id:
            raise Refusal(
                "invalid_request", f"{where}: a tool message needs its 'tool_call_id'.", param=where
            )
        result = ToolResult(tool_use_id=message.tool_call_id, content=_results(message, where))
        return [places.note(Block(tool_result=result), where)]
    blocks = _content_blocks(message, where, places)
    for number, call in enumerate(message.tool_calls or ()):
        try:
            arguments = msgspec.json.decode(call.function.arguments.strip() or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else "not JSON"
            place = f"{where}.tool_calls[{number}]"
            told = f"{place}: the arguments of tool call '{call.id[:100]}' are {why}."
            raise Refusal("invalid_request", told, param=place) from error
        use = ToolUse(tool_use_id=call.id, name=call.function.name, input=arguments)
        blocks.append(places.note(Block(tool_use=use), f"{where}.tool_calls[{number}]"))
    return blocks or [places.note(Block(text=""), where)]


def _content_blocks(message: ChatMessage, where: str, places: Places) -> list[Block]:
    content = message.content
    if isinstance(content, str):
        return [places.note(Block(text=content), where)] if content else []
    return [
        places.note(_content_block(part, place), place)
        for number, part in enumerate(content or ())
        if (place := f"{where}.content[{number}]")
    ]


def _content_block(part: Part, where: str) -> Block:
    match part:
        case TextPart(text):
            return Block(text=text)
        case RefusalPart(refusal):
            return Block(text=refusal)
        case ImagePart(image_url):
            return Block(image=image_block(image_url.url, where))


def _results(message: ChatMessage, where: str) -> list[ToolResultBlock]:
    """What a tool answered: texts, and images where it sent some."""
    if isinstance(message.content, str):
        return [ToolResultBlock(text=message.content)] if message.content else []
    blocks = [
        _content_block(part, f"{where}.content[{number}]")
        for number, part in enumerate(message.content or ())
    ]
    return [ToolResultBlock(text=block.text, image=block.image) for block in blocks]


def _texts(message: ChatMessage, where: str) -> list[str]:
    if isinstance(message.content, str):
        return [message.content]
    texts: list[str] = []
    for part in message.content or ():
        if not isinstance(part, TextPart):
            raise Refusal(
                "invalid_request", f"{where}: a {message.role} message takes text only.", param=where
            )
        texts.append(part.text)
    return texts


def _uses_tools(messages: list[Message]) -> bool:
    return any(block.tool_use or block.tool_result for message in messages for block in message.content)


def _no_tools(request: ChatRequest, messages: list[Message]) -> Json | None:
    """That no tool is to be used, in the words of Claude's API: Converse has no word for it, and wants those of the history."""
    is_none = request.tool_choice == "none" and request.tools and _uses_tools(messages)
    return {"tool_choice": {"type": "none"}} if is_none else None


def _tool_config(request: ChatRequest, messages: list[Message]) -> ToolConfig | None:
    if not request.tools or (request.tool_choice == "none" and not _uses_tools(messages)):
        return None
    tools = [
        Tool(
            tool_spec=ToolSpec(
                name=tool.function.name,
                description=tool.function.description or None,
                input_schema=InputSchema(
                    json=tool.function.parameters or {"type": "object", "properties": {}}
                ),
                strict=tool.function.strict or None,
            )
        )
        for tool in request.tools
    ]
    choice: Json | None = None
    if request.tool_choice == "required":
        choice = {"any": {}}
    elif isinstance(request.tool_choice, NamedTool):
        choice = {"tool": {"name": request.tool_choice.function.name}}
    elif request.tool_choice == "auto":
        choice = {"auto": {}}
    return ToolConfig(tools=tools, tool_choice=choice)


def _output_config(wanted: ResponseFormat | None) -> Json | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {
            "textFormat": {"type": "json_object"}
        }  # which Converse has no word for: the model is told in words
    if wanted.json_schema is None or wanted.json_schema.schema is None:
        raise Refusal(
            "invalid_request",
            "'response_format' of type json_schema needs its schema.",
            param="response_format",
        )
    definition = {"schema": _json_text(wanted.json_schema.schema), "name": wanted.json_schema.name}
    if wanted.json_schema.description:
        definition["description"] = wanted.json_schema.description
    structure = {"jsonSchema": definition}
    return {"textFormat": {"type": "json_schema", "structure": structure}}


def _json_text(schema: Json) -> str:
    try:
        return msgspec.json.encode(schema).decode()
    except RecursionError as error:
        message = "'response_format': the schema is nested too deeply."
        raise Refusal("invalid_request", message, param="response_format") from error
