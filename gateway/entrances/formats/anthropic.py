"""PURE: Anthropic's Messages, to the conversation of a call.

Source: the types of the `anthropic` SDK. Members that change nothing here are accepted and let go; members that would
change the answer and can't be honoured are refused by name.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX
from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    InputSchema,
    Json,
    Message,
    SystemBlock,
    Tool,
    ToolConfig,
    ToolSpec,
)
from gateway.entrances.formats.anthropic_blocks import CacheControl, Part, Text, Translator
from gateway.refusals import Refusal


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[Part]


class _Tool(msgspec.Struct):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Json | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[Any] | None = None


class _ToolChoice(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Thinking(msgspec.Struct, omit_defaults=True):
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class _Format(msgspec.Struct):
    type: Literal["json_schema"]
    schema: Json


class _OutputConfig(msgspec.Struct, forbid_unknown_fields=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: _Format | None = None


_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class MessagesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/messages and /v1/messages/count_tokens. Like Anthropic's own API it takes no unknown members."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[_Message]
    max_tokens: int | None = None
    """Without it, the route's default holds."""
    system: str | list[Text] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None
    cache_control: CacheControl | None = None
    metadata: Any = None
    """Read for prompts only: `user_id` is let go, as anybody may write it."""
    service_tier: Literal["auto", "standard_only"] | None = None
    speed: str | None = None
    container: Any = None
    mcp_servers: Any = None
    context_management: Any = None
    inference_geo: str | None = None
    diagnostics: Any = None
    user_profile_id: Any = None
    workspace_id: Any = None
    thread: Any = None


def conversation_of_anthropic(request: MessagesRequest, places: Places) -> Conversation:
    """The request as a conversation. Refusal invalid_request for what can't be honoured."""
    _refuse_unsupported(request)
    system, messages = _messages(request, places)
    if not messages and not request.model.startswith(PREFIX):  # a prompt has messages of its own
        raise Refusal(
            "invalid_request",
            "'messages' has nothing to answer: send at least one user message.",
            param="messages",
        )
    if request.cache_control is not None and messages:
        messages[-1].content.append(Block(cache_point=request.cache_control.point()))
    stops = _stops(request.stop_sequences)
    tool_config, tool_choice = _tools(request, messages)
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
        output_config=_output_config(request),
        additional_model_request_fields=_more(request, tool_choice),
        # Which sequence it was, Converse says only when asked.
        additional_model_response_field_paths=["/stop_sequence"] if stops else None,
    )


def _refuse_unsupported(request: MessagesRequest) -> None:
    unsupported = {
        "container": bool(request.container),
        "mcp_servers": bool(request.mcp_servers),
        "context_management": bool(request.context_management),
        "inference_geo": bool(request.inference_geo),
        "thread": bool(request.thread),  # the SDK's tool runner then goes on without
        "speed": request.speed not in (None, "standard"),
    }
    for name, is_asked in unsupported.items():
        if is_asked:
            hint = "Which region answers is decided by the route. " if name == "inference_geo" else ""
            raise Refusal(
                "invalid_request",
                f"'{name}' is not supported for models on Bedrock. {hint}Leave it out.",
                param=name,
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
    system = _system(request.system)
    messages: list[Message] = []
    for number, message in enumerate(request.messages):
        where = f"messages[{number}]"
        content = message.content
        if message.role == "system":
            system += _system(_texts(content, where))
            places.adjustments.append(Adjustment(where, "moved", "system"))
            continue
        if isinstance(content, str):
            blocks = [places.note(Block(text=content), where)]
        else:
            blocks = list(translate.blocks(content, where)) or [places.note(Block(text=""), where)]
        if messages and messages[-1].role == message.role:
            messages[-1].content.extend(blocks)
        else:
            messages.append(Message(role=message.role, content=blocks))
    return system, messages


def _system(given: str | list[Text] | None) -> list[SystemBlock]:
    if not given:
        return []
    if isinstance(given, str):
        return [SystemBlock(text=given)]
    blocks: list[SystemBlock] = []
    for part in given:
        blocks.append(SystemBlock(text=part.text))
        if part.cache_control is not None:
            blocks.append(SystemBlock(cache_point=part.cache_control.point()))
    return blocks


def _texts(content: str | list[Part], where: str) -> str | list[Text]:
    if isinstance(content, str):
        return content
    texts = [part for part in content if isinstance(part, Text)]
    if len(texts) < len(content):
        raise Refusal("invalid_request", f"{where}: a system message takes text only.", param=where)
    return texts


def _tools(request: MessagesRequest, messages: list[Message]) -> tuple[ToolConfig | None, Json | None]:
    """The tools; and of the choice among them, what Converse has no word for and Claude is told directly."""
    if not request.tools:
        return None, None
    choice = request.tool_choice or _ToolChoice("auto")
    if choice.type == "none" and not _uses_tools(messages):
        return None, None
    tools: list[Tool] = []
    for number, tool in enumerate(request.tools):
        tools.append(Tool(tool_spec=_spec(tool, f"tools[{number}]")))
        if tool.cache_control is not None:
            tools.append(Tool(cache_point=tool.cache_control.point()))
    if choice.type == "none":
        return ToolConfig(tools=tools), {"type": "none"}  # Converse wants the tools of earlier messages named
    one_only: Json | None = None
    if choice.disable_parallel_tool_use:
        # Converse refuses a type beside its own toolChoice, and Claude wants one where there is none.
        one_only = {"type": "auto"} if choice.type == "auto" else {}
        one_only["disable_parallel_tool_use"] = True
    return ToolConfig(tools=tools, tool_choice=_choice(choice)), one_only


def _choice(choice: _ToolChoice) -> Json | None:
    if choice.type == "any":
        return {"any": {}}
    if choice.type == "tool":
        if not choice.name:
            raise Refusal(
                "invalid_request", "'tool_choice' of type tool needs the tool's 'name'.", param="tool_choice"
            )
        return {"tool": {"name": choice.name}}
    return None


def _uses_tools(messages: list[Message]) -> bool:
    return any(block.tool_use or block.tool_result for message in messages for block in message.content)


def _spec(tool: _Tool, where: str) -> ToolSpec:
    if tool.type not in (None, "custom"):
        raise Refusal(
            "invalid_request",
            f"{where}: the tool '{tool.type[:100]}' is not supported for models on Bedrock. Send tools with an "
            "'input_schema' of your own.",
            param=where,
        )
    for name, is_asked in {
        "defer_loading": bool(tool.defer_loading),
        "allowed_callers": tool.allowed_callers not in (None, [], ["direct"]),
        "input_examples": bool(tool.input_examples),
    }.items():
        if is_asked:
            raise Refusal(
                "invalid_request",
                f"{where}: '{name}' is not supported for models on Bedrock. Leave it out.",
                param=where,
            )
    if not tool.name or tool.input_schema is None:
        raise Refusal(
            "invalid_request", f"{where}: a tool needs a 'name' and an 'input_schema'.", param=where
        )
    return ToolSpec(
        name=tool.name,
        description=tool.description or None,
        input_schema=InputSchema(json=tool.input_schema),
        strict=tool.strict,
    )


def _output_config(request: MessagesRequest) -> Json | None:
    wanted = request.output_config or _OutputConfig()
    found: Json = {}
    if (form := wanted.format or request.output_format) is not None:
        structure = {"jsonSchema": {"schema": msgspec.json.encode(form.schema).decode(), "name": "answer"}}
        found["textFormat"] = {"type": "json_schema", "structure": structure}
    if wanted.effort is not None:
        found["effort"] = wanted.effort
    return found or None


def _more(request: MessagesRequest, tool_choice: Json | None) -> Json | None:
    """What Converse has no member for, in the words of Claude's own API."""
    found: Json = {}
    if request.thinking is not None:
        found["thinking"] = msgspec.to_builtins(request.thinking)
    if request.top_k is not None:
        found["top_k"] = request.top_k
    if tool_choice is not None:
        found["tool_choice"] = tool_choice
    return found or None
