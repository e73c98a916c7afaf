"""PURE: the content blocks of Anthropic's Messages, as Converse has them.

Source: the types of the `anthropic` SDK. Members that change nothing here (`citations` of an earlier answer, `caller`)
are accepted and let go; blocks that Bedrock's Converse does not have are refused by name.
"""

from collections.abc import Iterator
from typing import Any, Literal

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import Block, Json, ToolResult, ToolResultBlock, ToolUse
from gateway.entrances.formats.anthropic_served import OfServer, Served
from gateway.entrances.formats.images import is_base64, web_image, without_blanks
from gateway.entrances.formats.members import Strict
from gateway.refusals import Refusal


class CacheControl(Strict):
    """A mark: all of the prompt up to here may be cached."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None

    def point(self) -> Json:
        """Converse's mark of the same place."""
        return {"type": "default"} if self.ttl is None else {"type": "default", "ttl": self.ttl}


class _Base64(Strict, tag="base64"):
    media_type: str
    data: str


class _Url(Strict, tag="url"):
    url: str


class _File(Strict, tag="file"):
    file_id: str


class _PlainText(Strict, tag="text"):
    data: str
    media_type: str = "text/plain"


class Text(Strict, tag="text"):
    text: str
    cache_control: CacheControl | None = None
    citations: Any = None


class _Image(Strict, tag="image"):
    source: _Base64 | _Url | _File
    cache_control: CacheControl | None = None


class _Content(Strict, tag="content"):
    content: str | list[Text | _Image]


class _Citations(Strict):
    enabled: bool | None = None


class _Document(Strict, tag="document"):
    source: _Base64 | _Url | _File | _PlainText | _Content
    title: str | None = None
    context: str | None = None
    citations: _Citations | None = None
    cache_control: CacheControl | None = None


class _SearchResult(Strict, tag="search_result"):
    source: str
    title: str
    content: list[Text]
    citations: _Citations | None = None
    cache_control: CacheControl | None = None


class _ToolUse(Strict, tag="tool_use"):
    id: str
    name: str
    input: Any
    cache_control: CacheControl | None = None
    caller: Any = None
    toolset_name: Any = None


class _ToolReference(Strict, tag="tool_reference"):
    tool_name: str
    cache_control: CacheControl | None = None


class _ToolResult(Strict, tag="tool_result"):
    tool_use_id: str
    content: str | list[Text | _Image | _Document | _SearchResult | _ToolReference] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None
    toolset_name: Any = None


class _Thinking(Strict, tag="thinking"):
    thinking: str
    signature: str = ""


class _RedactedThinking(Strict, tag="redacted_thinking"):
    data: str


_Own = Text | _Image | _Document | _SearchResult | _ToolUse | _ToolResult | _Thinking | _RedactedThinking
Part = _Own | Served

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_MAX_NAME_LENGTH = 180


class Translator:
    """Translates the blocks of one request. It numbers the documents, because Converse wants a name for each."""

    def __init__(self, places: Places) -> None:
        self._documents = 0
        self._places = places

    def blocks(self, parts: list[Part], where: str) -> Iterator[Block]:
        """Converse's blocks, each followed by a cache point where it is marked. Refusal invalid_request."""
        for number, part in enumerate(parts):
            place = f"{where}.content[{number}]"
            if isinstance(part, OfServer):
                self._places.adjustments.append(Adjustment(place, "dropped", str(part.__struct_config__.tag)))
                continue
            yield self._places.note(self._block(part, place), place)
            control = None if isinstance(part, _Thinking | _RedactedThinking) else part.cache_control
            if isinstance(part, _ToolResult) and control is None and isinstance(part.content, list):
                # Within a result there is no cache point: the one behind it covers the same and a little more.
                control = next((each.cache_control for each in part.content if each.cache_control), None)
            if control is not None:
                yield self._places.note(Block(cache_point=control.point()), place)

    def _block(self, part: _Own, where: str) -> Block:
        match part:
            case Text(text):
                return Block(text=text)
            case _Image(source):
                return Block(image=_image(source, where, self._places))
            case _Document():
                return Block(document=self._document(part, where))
            case _SearchResult():
                return Block(search_result=_search_result(part))
            case _ToolUse(use_id, name, given):
                return Block(tool_use=ToolUse(tool_use_id=use_id, name=name, input=given))
            case _ToolResult():
                return Block(tool_result=self._tool_result(part, where))
            case _Thinking(thinking, signature):
                shown = {"text": thinking} | ({"signature": signature} if signature else {})
                return Block(reasoning_content={"reasoningText": shown})
            case _RedactedThinking(data):
                if not is_base64(data):
                    raise _invalid(where, "the data of redacted thinking must be sent back as it came.")
                return Block(reasoning_content={"redactedContent": data})

    def _tool_result(self, part: _ToolResult, where: str) -> ToolResult:
        content: list[ToolResultBlock] = []
        if isinstance(part.content, str):
            content = [ToolResultBlock(text=part.content)] if part.content else []
        else:
            for number, inner in enumerate(part.content or ()):
                content.append(self._result_block(inner, f"{where}.content[{number}]"))
        return ToolResult(
            tool_use_id=part.tool_use_id, content=content, status="error" if part.is_error else None
        )

    def _result_block(
        self, part: Text | _Image | _Document | _SearchResult | _ToolReference, where: str
    ) -> ToolResultBlock:
        match part:
            case _ToolReference(name):
                # A search among tools whose loading was deferred: here all of them are loaded.
                return ToolResultBlock(text=f"The tool {name} can be used.")
            case Text(text):
                return ToolResultBlock(text=text)
            case _Image(source):
                return ToolResultBlock(image=_image(source, where, self._places))
            case _Document():
                return ToolResultBlock(document=self._document(part, where))
            case _SearchResult():
                return ToolResultBlock(search_result=_search_result(part))

    def _document(self, part: _Document, where: str) -> Json:
        self._documents += 1
        kind, source = _document_source(part.source, where)
        found: Json = {"format": kind, "name": self._name(part.title), "source": source}
        if part.context:
            found["context"] = part.context
        return found | _citations(part.citations)

    def _name(self, title: str | None) -> str:
        """The title with the document's number, since no two may have one name.

        Its signs stay: personal data is looked for in it before it is put in those that Converse takes.
        """
        kept = " ".join((title or "").split())[:_MAX_NAME_LENGTH].strip()
        return f"{kept} ({self._documents})" if kept else f"Document {self._documents}"


def _document_source(source: Any, where: str) -> tuple[str, Json]:
    """The format, and the source in Converse's shape. Texts stay texts, so that they are looked through for personal data."""
    match source:
        case _PlainText(data):
            return "txt", {"text": data}
        case _Content(str() as content):
            return "txt", {"content": [{"text": content}]}
        case _Content(content):
            texts = [each.text for each in content if isinstance(each, Text)]
            if len(texts) < len(content):
                raise _invalid(
                    where, "a document's content takes text only. Send images as blocks of their own."
                )
            return "txt", {"content": [{"text": text} for text in texts]}
        case _Base64("application/pdf", data) if is_base64(data):
            return "pdf", {"bytes": without_blanks(data)}
    raise _invalid(
        where,
        "a document must be sent as a PDF in base64, as text or as content; addresses on the web are not fetched, and "
        "there is no store of files.",
    )


def _image(source: Any, where: str, places: Places) -> Json:
    match source:
        case _Base64(media_type, data) if media_type in _IMAGES and is_base64(data):
            return {"format": _IMAGES[media_type], "source": {"bytes": without_blanks(data)}}
        case _Url(url):
            return web_image(url, where, places)
    raise _invalid(
        where,
        "an image must be sent as a PNG, JPEG, GIF or WebP in base64, or as an https:// address; there is no store of files.",
    )


def _search_result(part: _SearchResult) -> Json:
    found: Json = {
        "source": part.source,
        "title": part.title,
        "content": [{"text": each.text} for each in part.content],
    }
    return found | _citations(part.citations)


def _citations(citations: _Citations | None) -> Json:
    """The member that asks for citations, where they are asked for."""
    return {"citations": {"enabled": True}} if citations is not None and citations.enabled else {}


def _invalid(where: str, message: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {message}", param=where)
