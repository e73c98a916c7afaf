"""PURE: the blocks of a conversation as Anthropic's Messages have them. Source: the types of the `anthropic` SDK.

A cache point is a mark on the block before it there.
"""

from base64 import b64decode
from typing import Any

from gateway.conversation import Block, Json, Message, SystemBlock, ToolResult, ToolResultBlock, encode
from gateway.refusals import Refusal

_TEXTS = frozenset({"txt", "md", "csv", "html"})
_UNMARKED = ("thinking", "redacted_thinking")


def mark_of(point: Json) -> Json:
    """The mark that stands for a cache point."""
    ttl = point.get("ttl")
    return {"type": "ephemeral"} | ({"ttl": ttl} if ttl else {})


def mark(blocks: list[Json], point: Json) -> None:
    """Marks the last block that can be marked; a point before all of them covers nothing."""
    for block in reversed(blocks):
        if block.get("type") not in _UNMARKED:
            block["cache_control"] = mark_of(point)
            return


def system_of(system: list[SystemBlock]) -> list[Json]:
    found: list[Json] = []
    for block in system:
        if block.text:
            found.append({"type": "text", "text": block.text})
        elif block.cache_point is not None:
            mark(found, block.cache_point)
        elif block.guard_content is not None:
            raise _untold("guardContent", "system")
    return found


def message_of(message: Message) -> Json:
    """A turn. Refusal invalid_request for what has no word there."""
    blocks: list[Json] = []
    for block in message.content:
        if block.cache_point is not None:
            mark(blocks, block.cache_point)
        else:
            blocks += _blocks(block)
    return {"role": message.role, "content": blocks}


def _blocks(block: Block) -> list[Json]:
    if block.text is not None:
        return [{"type": "text", "text": block.text}]
    if block.image is not None:
        return [_image(block.image)]
    if block.document is not None:
        return [_document(block.document)]
    if block.search_result is not None:
        return [_search_result(block.search_result)]
    if block.tool_use is not None:
        use = block.tool_use
        return [{"type": "tool_use", "id": use.tool_use_id, "name": use.name, "input": use.input}]
    if block.tool_result is not None:
        return [_tool_result(block.tool_result)]
    if block.reasoning_content is not None:
        return [_reasoning(block.reasoning_content)]
    if block.citations_content is not None:
        parts = block.citations_content.get("content") or ()
        texts = [str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text")]
        return [{"type": "text", "text": text} for text in texts]
    kind = next((name for name in block.__struct_fields__ if getattr(block, name) is not None), "nothing")
    raise _untold(kind, "messages")


def _image(image: Json) -> Json:
    data = _bytes(image)
    if not isinstance(data, str):
        raise _untold("image that is elsewhere", "messages")
    source = {"type": "base64", "media_type": f"image/{image.get('format')}", "data": data}
    return {"type": "image", "source": source}


def _document(document: Json) -> Json:
    found: Json = {"type": "document", "source": _document_source(document)}
    for name, given in (("title", document.get("name")), ("context", document.get("context"))):
        if isinstance(given, str) and given:
            found[name] = given
    return found | _citations(document)


def _document_source(document: Json) -> Json:
    source = document.get("source")
    given: Json = source if isinstance(source, dict) else {}
    kind, data = document.get("format"), given.get("bytes")
    if isinstance(given.get("text"), str):
        return {"type": "text", "media_type": "text/plain", "data": given["text"]}
    if isinstance(given.get("content"), list):
        parts = [part for part in given["content"] if isinstance(part, dict) and part.get("text")]
        return {"type": "content", "content": [{"type": "text", "text": part["text"]} for part in parts]}
    if kind == "pdf" and isinstance(data, str):
        return {"type": "base64", "media_type": "application/pdf", "data": data}
    if kind in _TEXTS and isinstance(data, str):
        try:
            text = b64decode(data).decode("utf-8", "replace")
        except ValueError as error:
            raise _untold(f"document of the format {kind}", "messages") from error
        return {"type": "text", "media_type": "text/plain", "data": text}
    raise _untold(f"document of the format {kind}", "messages")


def _citations(given: Json) -> Json:
    asked = given.get("citations")
    return {"citations": {"enabled": True}} if isinstance(asked, dict) and asked.get("enabled") else {}


def _search_result(given: Json) -> Json:
    texts = [str(part.get("text", "")) for part in given.get("content") or () if isinstance(part, dict)]
    content = [{"type": "text", "text": text} for text in texts if text]
    found = {
        "type": "search_result",
        "source": given.get("source", ""),
        "title": given.get("title", ""),
        "content": content,
    }
    return found | _citations(given)


def _tool_result(result: ToolResult) -> Json:
    found: Json = {"type": "tool_result", "tool_use_id": result.tool_use_id}
    if content := [part for each in result.content if (part := _result_part(each)) is not None]:
        found["content"] = content
    if result.status == "error":
        found["is_error"] = True
    return found


def _result_part(part: ToolResultBlock) -> Json | None:
    if part.text is not None:
        return {"type": "text", "text": part.text} if part.text.strip() else None
    if part.image is not None:
        return _image(part.image)
    if part.document is not None:
        return _document(part.document)
    if part.search_result is not None:
        return _search_result(part.search_result)
    if part.video is not None:
        raise _untold("video", "messages")
    return {"type": "text", "text": encode(part.json).decode()}


def _reasoning(given: Json) -> Json:
    shown = given.get("reasoningText")
    if isinstance(shown, dict):
        return {
            "type": "thinking",
            "thinking": shown.get("text", ""),
            "signature": shown.get("signature", ""),
        }
    return {"type": "redacted_thinking", "data": given.get("redactedContent", "")}


def _bytes(medium: Json) -> Any:
    source = medium.get("source")
    return source.get("bytes") if isinstance(source, dict) else None


def _untold(kind: str, where: str) -> Refusal:
    told = f"'{where}' has a block of the kind '{kind}', which the model's provider has no word for. Leave it out."
    return Refusal("invalid_request", told, param=where)
