"""PURE: the turns of a conversation as messages of OpenAI's chat completions.

Source: the OpenAI API reference, "Create chat completion". What has no place there was refused or moved when the request was
fitted (gateway/wire/fit/direct.py); what a fitted request still has is told, never left out.
"""

from base64 import b64decode

from gateway.conversation import Block, Conversation, Json, ToolResult, encode
from gateway.refusals import Refusal

_TEXTS = frozenset({"txt", "md", "csv", "html"})
_FAILED = "The tool failed: "


def messages_of(conversation: Conversation) -> list[Json]:
    """All of them, the system's first."""
    found: list[Json] = []
    system = [block.text for block in conversation.system or () if block.text]
    if system:
        found.append({"role": "system", "content": "\n\n".join(system)})
    for message in conversation.messages:
        if message.role == "assistant":
            found.append(_assistants(message.content))
        else:
            found += _users(message.content)
    return found


def _assistants(content: list[Block]) -> Json:
    texts, calls = [], []
    for block in content:
        if block.text is not None:
            texts.append(block.text)
        elif block.tool_use is not None:
            use = block.tool_use
            arguments = encode(use.input).decode()
            function = {"name": use.name, "arguments": arguments}
            calls.append({"id": use.tool_use_id, "type": "function", "function": function})
        elif block.citations_content is not None:
            parts = block.citations_content.get("content") or ()
            texts.append("".join(str(part.get("text", "")) for part in parts if isinstance(part, dict)))
        elif block.reasoning_content is None and block.cache_point is None:
            raise _untold(block)
    message: Json = {"role": "assistant", "content": "\n\n".join(texts) or None}
    return message | ({"tool_calls": calls} if calls else {})


def _users(content: list[Block]) -> list[Json]:
    """Results of tools, each a message; then the rest of the turn."""
    results = [_result(block.tool_result) for block in content if block.tool_result is not None]
    parts = [part for block in content if block.tool_result is None and (part := _part(block)) is not None]
    if not parts:
        return results
    if all(part["type"] == "text" for part in parts) and len(parts) == 1:
        return [*results, {"role": "user", "content": parts[0]["text"]}]
    return [*results, {"role": "user", "content": parts}]


def _result(result: ToolResult) -> Json:
    texts = []
    for part in result.content:
        if part.text is not None:
            texts.append(part.text)
        elif part.search_result is not None:
            texts.append(_search_text(part.search_result))
        elif part.image is None and part.document is None and part.video is None:
            texts.append(encode(part.json).decode())
        elif part.document is not None and (text := _document_text(part.document)) is not None:
            texts.append(text)
        else:
            raise _untold(Block(tool_result=result))
    failed = _FAILED if result.status == "error" else ""
    return {"role": "tool", "tool_call_id": result.tool_use_id, "content": failed + "\n".join(texts)}


def _part(block: Block) -> Json | None:
    """A part of a user's message; None for what is nothing by itself."""
    if block.text is not None:
        return {"type": "text", "text": block.text}
    if block.cache_point is not None:
        return None
    if block.image is not None and isinstance(data := _bytes(block.image), str):
        return {
            "type": "image_url",
            "image_url": {"url": f"data:image/{block.image['format']};base64,{data}"},
        }
    if block.search_result is not None:
        return {"type": "text", "text": _search_text(block.search_result)}
    if block.document is not None:
        if (text := _document_text(block.document)) is not None:
            return {"type": "text", "text": text}
        if block.document.get("format") == "pdf" and isinstance(data := _bytes(block.document), str):
            name = f"{block.document.get('name') or 'document'}.pdf"
            url = f"data:application/pdf;base64,{data}"
            return {"type": "file", "file": {"filename": name, "file_data": url}}
    raise _untold(block)


def _bytes(medium: Json) -> object:
    source = medium.get("source")
    return source.get("bytes") if isinstance(source, dict) else None


def _document_text(document: Json) -> str | None:
    """What a document that is a text says, under its name; None for any other."""
    source = document.get("source")
    given = source if isinstance(source, dict) else {}
    text: str | None = None
    if isinstance(given.get("text"), str):
        text = given["text"]
    elif isinstance(given.get("content"), list):
        text = "\n".join(str(part.get("text", "")) for part in given["content"] if isinstance(part, dict))
    elif document.get("format") in _TEXTS and isinstance(given.get("bytes"), str):
        try:
            text = b64decode(given["bytes"]).decode("utf-8", "replace")
        except ValueError:
            return None
    if text is None:
        return None
    more = f"\n{document['context']}" if isinstance(document.get("context"), str) else ""
    return f"{document.get('name') or 'Document'}:{more}\n{text}"


def _search_text(result: Json) -> str:
    texts = [str(part.get("text", "")) for part in result.get("content") or () if isinstance(part, dict)]
    return "\n".join([f"{result.get('title', '')} ({result.get('source', '')}):", *texts])


def _untold(block: Block) -> Refusal:
    kind = next((name for name in block.__struct_fields__ if getattr(block, name) is not None), "nothing")
    told = f"'messages' has a block of the kind '{kind}', which the model's provider has no word for. Leave it out."
    return Refusal("invalid_request", told, param="messages")
