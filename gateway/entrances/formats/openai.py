"""PURE: OpenAI's chat completions, from and to the conversation and events of a call.

Source: the OpenAI API reference, "Create chat completion". Members that change nothing here are accepted and let go;
members that would change the answer and can't be honoured are refused by name.
"""

from typing import Annotated, Any, Literal

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
from gateway.refusals import Refusal


class _TextPart(msgspec.Struct, tag="text"):
    text: str


class _ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class _ImagePart(msgspec.Struct, tag="image_url"):
    image_url: _ImageUrl


class _RefusalPart(msgspec.Struct, tag="refusal"):
    refusal: str


_Part = _TextPart | _ImagePart | _RefusalPart


class _Function(msgspec.Struct):
    name: str
    arguments: str = "{}"


class _ToolCall(msgspec.Struct):
    id: str
    function: _Function
    type: Literal["function"] = "function"


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None


class _FunctionSpec(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None


class _ToolSpec(msgspec.Struct):
    function: _FunctionSpec
    type: Literal["function"] = "function"


class _NamedFunction(msgspec.Struct):
    name: str


class _NamedTool(msgspec.Struct):
    function: _NamedFunction
    type: Literal["function"] = "function"


class _JsonSchema(msgspec.Struct):
    name: str
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class _ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


_Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ChatRequest(msgspec.Struct):
    """The body of POST /v1/chat/completions."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: _Temperature | None = None
    top_p: _Share | None = None
    stop: str | list[str] | None = None
    tools: list[_ToolSpec] | None = None
    tool_choice: Literal["none", "auto", "required"] | _NamedTool | None = None
    response_format: _ResponseFormat | None = None
    n: int | None = None
    user: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    modalities: list[str] | None = None
    functions: list[Any] | None = None
    metadata: Any = None
    """Read for prompts only: anything may be in it otherwise."""
    service_tier: Literal["auto", "default", "flex", "priority"] | None = None


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


def _messages(given: list[_Message], places: Places) -> tuple[list[SystemBlock], list[Message]]:
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


def _blocks(message: _Message, where: str, places: Places) -> list[Block]:
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
        except msgspec.DecodeError as error:
            raise Refusal(
                "invalid_request",
                f"{where}: the arguments of tool call '{call.id}' are not JSON.",
                param=where,
            ) from error
        use = ToolUse(tool_use_id=call.id, name=call.function.name, input=arguments)
        blocks.append(places.note(Block(tool_use=use), f"{where}.tool_calls[{number}]"))
    return blocks or [places.note(Block(text=""), where)]


def _content_blocks(message: _Message, where: str, places: Places) -> list[Block]:
    content = message.content
    if isinstance(content, str):
        return [places.note(Block(text=content), where)] if content else []
    return [
        places.note(_content_block(part, place), place)
        for number, part in enumerate(content or ())
        if (place := f"{where}.content[{number}]")
    ]


def _content_block(part: _Part, where: str) -> Block:
    match part:
        case _TextPart(text):
            return Block(text=text)
        case _RefusalPart(refusal):
            return Block(text=refusal)
        case _ImagePart(image_url):
            return Block(image=image_block(image_url.url, where))


def _results(message: _Message, where: str) -> list[ToolResultBlock]:
    """What a tool answered: texts, and images where it sent some."""
    if isinstance(message.content, str):
        return [ToolResultBlock(text=message.content)] if message.content else []
    blocks = [
        _content_block(part, f"{where}.content[{number}]")
        for number, part in enumerate(message.content or ())
    ]
    return [ToolResultBlock(text=block.text, image=block.image) for block in blocks]


def _texts(message: _Message, where: str) -> list[str]:
    if isinstance(message.content, str):
        return [message.content]
    texts: list[str] = []
    for part in message.content or ():
        if not isinstance(part, _TextPart):
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
    elif isinstance(request.tool_choice, _NamedTool):
        choice = {"tool": {"name": request.tool_choice.function.name}}
    elif request.tool_choice == "auto":
        choice = {"auto": {}}
    return ToolConfig(tools=tools, tool_choice=choice)


def _output_config(wanted: _ResponseFormat | None) -> Json | None:
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
