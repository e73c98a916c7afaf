"""What OpenAI's chat completions refuse. Sources: the OpenAI API reference; for words, the reports beside them."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from embedded.simulator.direct.errors import invalid, unknown_parameter, unsupported
from embedded.simulator.direct.models import DirectModel
from embedded.simulator.direct.schemas import check_schema

_MEMBERS = frozenset(
    (
        "messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
        "max_completion_tokens", "max_tokens", "metadata", "modalities", "moderation", "n", "parallel_tool_calls", "prediction",
        "presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning_effort",
        "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options",
        "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
    )
)  # fmt: skip
_OF_MESSAGES = {
    "system": frozenset(("role", "content", "name")),
    "developer": frozenset(("role", "content", "name")),
    "user": frozenset(("role", "content", "name")),
    "assistant": frozenset(("role", "content", "name", "refusal", "tool_calls", "audio", "function_call")),
    "tool": frozenset(("role", "content", "tool_call_id")),
}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,")
_PDF = "data:application/pdf;base64,"
_MAX_TOOLS, _MAX_STOPS = 128, 4
_MAX_ID = 40
"""Source: agno-agi/agno#5382, pydantic/pydantic-ai#4389."""
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


def check_chat(body: dict[str, Any], model: DirectModel) -> None:
    """Raises DirectError for the first thing that is wrong."""
    for name in body:
        if name not in _MEMBERS:
            raise unknown_parameter(name)
    _check_messages(body.get("messages"))
    _check_tools(body)
    _check_values(body, model)
    _check_format(body.get("response_format"))
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            param="messages",
        )
    waiting: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or message.get("role") not in _OF_MESSAGES:
            raise invalid(
                f"Invalid value for '{where}.role'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'."
            )
        role = message["role"]
        for name in message:
            if name not in _OF_MESSAGES[role]:
                raise unknown_parameter(f"{where}.{name}")
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                raise invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                    param=f"{where}.role",
                )
            waiting.discard(message["tool_call_id"])
        elif waiting:
            raise _unanswered(waiting)
        _check_content(message, where)
        if role == "assistant":
            waiting = _calls(message, where)
    if waiting:
        raise _unanswered(waiting)


def _unanswered(waiting: set[str]) -> Exception:
    ids = ", ".join(sorted(waiting))
    return invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
        f"following tool_call_ids did not have response messages: {ids}",
        param="messages",
    )


def _calls(message: dict[str, Any], where: str) -> set[str]:
    calls = message.get("tool_calls")
    if calls is None:
        return set()
    if not isinstance(calls, list) or not calls:
        raise invalid(f"Invalid '{where}.tool_calls': empty array. Expected an array with minimum length 1.")
    found = set()
    for place, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if (
            not isinstance(function, dict)
            or call.get("type") != "function"
            or not isinstance(call.get("id"), str)
        ):
            raise invalid(f"Missing required parameter: '{where}.tool_calls[{place}].function'.")
        if not isinstance(function.get("arguments"), str) or not _NAME.fullmatch(str(function.get("name"))):
            raise invalid(
                f"Invalid '{where}.tool_calls[{place}].function.name': string does not match pattern."
            )
        if len(call["id"]) > _MAX_ID:
            raise invalid(
                f"Invalid '{where}.tool_calls[{place}].id': string too long. Expected a string with maximum length {_MAX_ID}, but "
                f"got a string with length {len(call['id'])} instead."
            )
        found.add(call["id"])
    return found


def _check_content(message: dict[str, Any], where: str) -> None:
    content, role = message.get("content"), message["role"]
    if content is None and role == "assistant" and message.get("tool_calls"):
        return
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise invalid("Invalid value for 'content': expected a string, got null.", param=f"{where}.content")
    for place, part in enumerate(content):
        _check_part(part, role, f"{where}.content[{place}]")


def _check_part(part: Any, role: str, where: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return
    if role != "user":
        raise invalid(f"Invalid value: '{kind}'. Supported values are: 'text'.", param=where)
    if kind == "image_url":
        url = (part.get("image_url") or {}).get("url")
        if not isinstance(url, str) or not (
            url.startswith("https://") or (_IMAGE.match(url) and _is_base64(url))
        ):
            raise invalid(
                "Invalid image data URL. Please provide a valid base64-encoded image.", code="invalid_base64"
            )
    elif kind == "file":
        file = part.get("file") or {}
        data = file.get("file_data")
        if (
            not file.get("filename")
            or not isinstance(data, str)
            or not data.startswith(_PDF)
            or not _is_base64(data)
        ):
            raise invalid(
                f"Invalid file data: '{where}.file.file_data'. Expected a base64-encoded data URL with an application/pdf MIME type.",
                param=where,
            )
    else:
        raise invalid(
            f"Invalid value: '{kind}'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'.",
            param=where,
        )


def _is_base64(url: str) -> bool:
    try:
        return bool(b64decode(url.partition(",")[2], validate=True))
    except (Base64Error, ValueError):
        return False


def _check_tools(body: dict[str, Any]) -> None:
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is None:
        if choice is not None:
            raise invalid(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
                param="tool_choice",
            )
        if body.get("parallel_tool_calls") is not None:
            raise invalid(
                "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
                param="parallel_tool_calls",
            )
        return
    if not isinstance(tools, list) or not tools:
        raise invalid(
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            param="tools",
        )
    if len(tools) > _MAX_TOOLS:
        raise invalid(
            f"Invalid 'tools': array too long. Expected an array with maximum length {_MAX_TOOLS}.",
            param="tools",
        )
    names = []
    for place, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict):
            raise invalid(f"Missing required parameter: 'tools[{place}].function'.", param=f"tools[{place}]")
        if unknown := next(
            (name for name in function if name not in ("name", "description", "parameters", "strict")), None
        ):
            raise unknown_parameter(f"tools[{place}].function.{unknown}")
        if not _NAME.fullmatch(str(function.get("name"))):
            raise invalid(
                f"Invalid 'tools[{place}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
        names.append(function["name"])
        check_schema(
            function.get("parameters"),
            f"function '{function['name']}'",
            is_strict=function.get("strict") is True,
        )
    if len(set(names)) < len(names):
        raise invalid("Invalid 'tools': tool names must be unique.", param="tools")
    if isinstance(choice, dict) and (choice.get("function") or {}).get("name") not in names:
        raise invalid(
            "Invalid value for 'tool_choice': the function is not among 'tools'.", param="tool_choice"
        )
    if isinstance(choice, str) and choice not in ("none", "auto", "required"):
        raise invalid(
            f"Invalid value: '{choice}'. Supported values are: 'none', 'auto', and 'required'.",
            param="tool_choice",
        )


def _check_values(body: dict[str, Any], model: DirectModel) -> None:
    _check_range(body, "temperature", 2)
    _check_range(body, "top_p", 1)
    if model.reasons:
        if body.get("max_tokens") is not None:
            raise unsupported("max_tokens", " Use 'max_completion_tokens' instead.")
        for name in (
            "top_p",
            "stop",
        ):  # EleutherAI/lm-evaluation-harness#3247; BittnerPierre/AI-Agent-Casebook#133
            if body.get(name) is not None:
                raise unsupported(name)
        if body.get("temperature") not in (None, 1):
            raise invalid(
                f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. Only the default (1) value is supported.",
                param="temperature",
                code="unsupported_value",
            )
        if body.get("tools") and body.get("reasoning_effort") != "none":  # BerriAI/litellm#34569
            raise invalid(
                f"Function tools with reasoning_effort are not supported for {model.name} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
                param="reasoning_effort",
            )
    effort = body.get("reasoning_effort")
    if effort is not None and not model.reasons:
        raise invalid("Unrecognized request argument supplied: reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        raise invalid(f"Invalid value: '{effort}'.", param="reasoning_effort", code="invalid_value")
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > _MAX_STOPS:
        raise invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_MAX_STOPS}.",
            param="stop",
        )
    for name in ("max_completion_tokens", "max_tokens"):
        asked, most = body.get(name), model.model.max_output_tokens
        if asked is None:
            continue
        if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
            raise invalid(
                f"Invalid '{name}': integer below minimum value. Expected a value >= 1.", param=name
            )
        if most is not None and asked > most:
            raise invalid(
                f"{name} is too large: {asked}. This model supports at most {most} completion tokens, whereas you provided {asked}.",
                param=name,
            )
    if body.get("service_tier") not in (None, "auto", "default", "flex", "scale", "priority", "fast"):
        raise invalid("Invalid value for 'service_tier'.", param="service_tier")


def _check_range(body: dict[str, Any], name: str, most: int) -> None:
    value = body.get(name)
    if value is not None and (
        not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most
    ):
        raise invalid(
            f"Invalid '{name}': decimal out of range. Expected a value between 0 and {most}.", param=name
        )


def _check_format(form: Any) -> None:
    if form is None or form in ({"type": "text"}, {"type": "json_object"}):
        return
    definition = (
        form.get("json_schema") if isinstance(form, dict) and form.get("type") == "json_schema" else None
    )
    if not isinstance(definition, dict) or not _NAME.fullmatch(str(definition.get("name"))):
        raise invalid(
            "Missing required parameter: 'response_format.json_schema.name'.", param="response_format"
        )
    name = f"response_format '{definition['name']}'"
    check_schema(definition.get("schema"), name, is_strict=definition.get("strict") is True)
