"""InvokeModel's Anthropic body as the rules see it, and the rules of its members."""

from collections.abc import Iterator
from typing import Any

from embedded.simulator.models import SimulatedModel
from embedded.simulator.shapes import integer, mapping, number, sequence, string
from embedded.simulator.strict.asked import FORCED, Asked, AskedTool, CachePlace
from embedded.simulator.strict.rule import Found, Rule, found

_TOP = frozenset(
    (
        "anthropic_version", "anthropic_beta", "max_tokens", "messages", "system", "temperature", "top_p", "top_k",
        "stop_sequences", "tools", "tool_choice", "thinking", "metadata", "output_config", "output_format",
        "context_management",
    )
)  # fmt: skip
_CUSTOM_TOOL = frozenset(("name", "description", "input_schema", "type", "strict", "cache_control"))
_TOOL_TYPES = ("bash_", "text_editor_", "computer_", "memory_", "tool_search_tool_")
# By the type of a block: what it must have, and what it may have besides.
_BLOCKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text": (("text",), ("citations",)),
    "image": (("source",), ()),
    "document": (("source",), ("title", "context", "citations")),
    "search_result": (("source", "title", "content"), ("citations",)),
    "tool_use": (("id", "name", "input"), ()),
    "tool_result": (("tool_use_id",), ("content", "is_error")),
    "thinking": (("thinking", "signature"), ()),
    "redacted_thinking": (("data",), ()),
}
_UNMARKED = ("thinking", "redacted_thinking")
_BETAS = frozenset(
    (
        "computer-use-2024-10-22", "computer-use-2025-01-24", "computer-use-2025-11-24", "token-efficient-tools-2025-02-19",
        "interleaved-thinking-2025-05-14", "output-128k-2025-02-19", "dev-full-thinking-2025-05-14", "context-1m-2025-08-07",
        "context-management-2025-06-27", "effort-2025-11-24", "tool-search-tool-2025-10-19", "tool-examples-2025-10-29",
        "fine-grained-tool-streaming-2025-05-14",
    )
)  # fmt: skip


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks of a message, whose content may be a text."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [mapping(block) for block in sequence(content)]


def asked_by_messages(body: dict[str, Any], model: SimulatedModel) -> Asked:
    """Raises AwsError (400) for values of the wrong type."""
    asked = Asked(model, model.capabilities, body, is_converse=False)
    for place, tool in enumerate(map(mapping, sequence(body.get("tools")))):
        _note_cache_point(asked, "tools", f"tools.{place}", tool)
        if "input_schema" in tool:
            name, is_strict = string(tool.get("name")), tool.get("strict") is True
            asked.tools.append(AskedTool(name, tool["input_schema"], is_strict, place))
    if not isinstance(body.get("system"), str):
        for place, block in enumerate(map(mapping, sequence(body.get("system")))):
            _note_cache_point(asked, "system", f"system.{place}", block)
            asked.system.append(("text", block.get("text")))
    for position, message in enumerate(map(mapping, sequence(body.get("messages")))):
        blocks = blocks_of(message)
        asked.add(string(message.get("role")), map(_as_converse, blocks))
        for index, block in enumerate(blocks):
            _note_cache_point(asked, "messages", f"messages.{position}.content.{index}", block)
    _read_inference(asked, body)
    return asked


def _read_inference(asked: Asked, body: dict[str, Any]) -> None:
    choice = mapping(body.get("tool_choice"))
    asked.tool_choice, asked.chosen_tool = string(choice.get("type")), string(choice.get("name"))
    asked.is_forced = asked.tool_choice in FORCED
    asked.max_tokens = integer(body.get("max_tokens"))
    asked.temperature, asked.top_p = number(body.get("temperature")), number(body.get("top_p"))
    asked.top_k, asked.thinking = body.get("top_k"), mapping(body.get("thinking"))
    asked.stop_sequences = [string(text) for text in sequence(body.get("stop_sequences"))]
    output = mapping(body.get("output_config"))
    asked.effort = output.get("effort")
    wanted = mapping(output.get("format")) or mapping(body.get("output_format"))
    if wanted:
        asked.has_output_format, asked.output_schema = True, wanted.get("schema")


def _note_cache_point(asked: Asked, place: str, path: str, block: dict[str, Any]) -> None:
    if block.get("cache_control"):
        ttl = string(mapping(block["cache_control"]).get("ttl"))
        asked.cache_points.append(CachePlace(place, path, ttl))


def _as_converse(block: dict[str, Any]) -> tuple[str, Any]:
    kind = string(block.get("type"))
    if kind == "text":
        return "text", block.get("text")
    if kind == "tool_use":
        return "toolUse", {
            "toolUseId": block.get("id"),
            "name": block.get("name"),
            "input": block.get("input"),
        }
    if kind == "tool_result":
        content = block.get("content")
        parts = (
            []
            if isinstance(content, str)
            else [dict([_as_converse(part)]) for part in map(mapping, sequence(content))]
        )
        return "toolResult", {"toolUseId": block.get("tool_use_id"), "content": parts}
    if kind == "image":
        source = mapping(block.get("source"))
        media = string(source.get("media_type")).removeprefix("image/")
        return "image", {"format": media, "source": {"bytes": source.get("data")}}
    if kind == "document":
        return "document", {"citations": block.get("citations"), "source": {}}
    if kind == "thinking":
        said = {"text": block.get("thinking"), "signature": block.get("signature")}
        return "reasoningContent", {"reasoningText": said}
    if kind == "redacted_thinking":
        return "reasoningContent", {"redactedContent": block.get("data")}
    return kind, block


def _blocks(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """All blocks and where they are, those inside results of tools, too."""
    if not isinstance(asked.body.get("system"), str):
        for index, block in enumerate(map(mapping, sequence(asked.body.get("system")))):
            yield f"system.{index}", block
    for position, message in enumerate(map(mapping, sequence(asked.body.get("messages")))):
        for index, block in enumerate(blocks_of(message)):
            path = f"messages.{position}.content.{index}"
            yield path, block
            if block.get("type") == "tool_result" and not isinstance(block.get("content"), str):
                for inner, part in enumerate(map(mapping, sequence(block.get("content")))):
                    yield f"{path}.tool_result.content.{inner}", part


def extra_member(asked: Asked) -> Found | None:
    unknown = next((name for name in asked.body if name not in _TOP), None)
    if unknown is not None:
        return {"path": unknown}
    for position, message in enumerate(map(mapping, sequence(asked.body.get("messages")))):
        unknown = next((name for name in message if name not in ("role", "content")), None)
        if unknown is not None:
            return {"path": f"messages.{position}.{unknown}"}
    for place, tool in enumerate(map(mapping, sequence(asked.body.get("tools")))):
        unknown = next((name for name in tool if name not in _CUSTOM_TOOL), None)
        if tool.get("type", "custom") == "custom" and unknown is not None:
            return {"path": f"tools.{place}.custom.{unknown}"}
    for path, block in _blocks(asked):
        kind = string(block.get("type"))
        required, more = _BLOCKS.get(kind, ((), tuple(block)))
        taken = {"type", *required, *more} | (set() if kind in _UNMARKED else {"cache_control"})
        unknown = next((name for name in block if name not in taken), None)
        if unknown is not None:
            return {"path": f"{path}.{kind}.{unknown}"}
    return None


def missing_member(asked: Asked) -> Found | None:
    for path, block in _blocks(asked):
        kind = string(block.get("type"))
        missing = next((name for name in _BLOCKS.get(kind, ((), ()))[0] if block.get(name) is None), None)
        if missing is not None:
            return {"path": f"{path}.{kind}.{missing}"}
    for place, tool in enumerate(map(mapping, sequence(asked.body.get("tools")))):
        names = ("name", "input_schema") if tool.get("type", "custom") == "custom" else ("name",)
        missing = next((name for name in names if tool.get(name) is None), None)
        if missing is not None:
            return {"path": f"tools.{place}.custom.{missing}"}
    return None


def unknown_tag(asked: Asked) -> Found | None:
    for path, block in _blocks(asked):
        if block.get("type") not in _BLOCKS:
            return {
                "path": path,
                "tag": block.get("type"),
                "tags": ", ".join(f"'{name}'" for name in _BLOCKS),
            }
    for place, tool in enumerate(map(mapping, sequence(asked.body.get("tools")))):
        kind = string(tool.get("type", "custom"))
        if kind != "custom" and not kind.startswith(_TOOL_TYPES):
            tags = ", ".join(f"'{name}*'" for name in _TOOL_TYPES)
            return {"path": f"tools.{place}", "tag": kind, "tags": f"'custom', {tags}"}
    return None


def unknown_beta(asked: Asked) -> Found | None:
    body = mapping(asked.body.get("additionalModelRequestFields")) if asked.is_converse else asked.body
    flags = body.get("anthropic_beta")
    listed = flags if isinstance(flags, list) else [flags] if flags is not None else []
    taken = _BETAS if asked.can.betas is None else asked.can.betas
    return found(asked.is_claude and any(str(flag).lower() not in taken for flag in listed))


def input_of_tool(asked: Asked) -> Found | None:
    for block in asked.of("toolUse"):
        if not isinstance(mapping(block.value).get("input"), dict):
            return {"path": f"{block.path}.tool_use.input"}
    return None


_API = "Anthropic API: Messages"
BETA = Rule(
    "beta flags",
    "invalid beta flag",
    "AWS user guide: Anthropic Claude Messages API",
    unknown_beta,
    by_model=True,
)
MEMBERS = (
    Rule("tags", "{path}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {tags}", _API, unknown_tag),
    Rule("unknown members", "{path}: Extra inputs are not permitted", _API, extra_member),
    Rule("missing members", "{path}: Field required", _API, missing_member),
    Rule("tools' inputs", "{path}: Input should be a valid dictionary", _API, input_of_tool),
)  # fmt: skip
