"""PURE: images, documents, video and audio: that the model takes them, and that they are what Converse takes."""

import re
from base64 import b64decode
from typing import Any

from msgspec.structs import replace

from gateway.conversation import Block, Json, Message, ToolResultBlock
from gateway.wire.fit.work import Work
from gateway.wire.image_size import size_of

# Source: API reference, Message: images and documents of one request, and the size of each.
_MAX_IMAGES, MAX_DOCUMENTS = 20, 5
_MAX_IMAGE_BYTES, _MAX_DOCUMENT_BYTES = 3_932_160, 4_718_592
_KINDS = ("image", "document", "video", "audio", "search_result")
_NAMES = {"search_result": "searchResult"}
_MAX_PIXELS = 8000
_BESIDE = "Please read the document."
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ()\[\]-]")
_BLANKS = re.compile(r" {2,}")
_MAX_NAME = 180
_FAILED = "The tool failed."
_NAME_WORDS = (
    "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square "
    "brackets. The name can't contain more than one consecutive whitespace character. Check that the name meets these "
    "requirements and try again."
)


def mend_media(work: Work) -> None:
    """Refuses by name what the model does not take; repairs formats and names; adds the text that documents want."""
    _move_result_images(work)
    _Media(work).mend()


class _Media:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._names: set[str] = set()
        self._images = self._documents = 0

    def mend(self) -> None:
        work = self._work
        for message in work.conversation.messages:
            if message.role == "assistant":
                self._check_assistant(message)
        messages = [self._message(message) for message in work.conversation.messages]
        if any(new is not old for new, old in zip(messages, work.conversation.messages, strict=True)):
            work.change(messages=messages)

    def _check_assistant(self, message: Message) -> None:
        for block in message.content:
            kind = next((kind for kind in _KINDS if getattr(block, kind) is not None), None)
            if kind is not None:
                name = _NAMES.get(kind, kind)
                self._work.breaks(
                    "inputs", self._work.where(block), f"only a user's message takes {kind.replace('_', ' ')}s.",
                    f"This model doesn't support the {name} field for assistant messages. Remove {name} and try again.",
                )  # fmt: skip

    def _message(self, message: Message) -> Message:
        content = [self._block(block) for block in message.content]
        if any(block.document is not None for block in content) and not any(
            block.text is not None for block in content
        ):
            first = next(block for block in content if block.document is not None)
            where = self._work.where(first)
            words = "A text block must be included when using documents."
            if self._work.breaks("documents", where, "a document needs a text beside it.", words):
                self._work.say(where, "text added")
                content = [*content, Block(text=_BESIDE)]
        if len(content) == len(message.content) and all(
            new is old for new, old in zip(content, message.content, strict=True)
        ):
            return message
        return Message(role=message.role, content=content)

    def _block(self, block: Block) -> Block:
        if block.text is not None:
            return block
        if block.tool_result is not None:
            parts = [self._result_part(part, block) for part in block.tool_result.content]
            if all(new is old for new, old in zip(parts, block.tool_result.content, strict=True)):
                return block
            return self._work.changed(block, tool_result=replace(block.tool_result, content=parts))
        for kind in _KINDS:
            given = getattr(block, kind)
            if given is not None:
                made = self._mended(kind, given, self._work.where(block))
                return block if made is given else self._work.changed(block, **{kind: made})
        return block

    def _result_part(self, part: ToolResultBlock, block: Block) -> ToolResultBlock:
        for kind in ("image", "document", "video", "search_result"):
            given = getattr(part, kind)
            if given is not None:
                made = self._mended(kind, given, self._work.where(block))
                return part if made is given else replace(part, **{kind: made})
        return part

    def _mended(self, kind: str, given: Json, where: str) -> Json:
        work = self._work
        if kind == "search_result":
            return self._citing(given, where)
        if not getattr(
            work.capability, "supports_" + (f"{kind}s" if kind in ("image", "document") else kind)
        ):
            article = "images" if kind == "image" else "documents" if kind == "document" else kind
            work.breaks(
                "inputs",
                where,
                f"the model {work.capability.model_id} takes no {article}. Leave it out, or choose another model.",
                f"This model doesn't support the {kind} field for user messages. Remove {kind} and try again.",
            )
        if kind == "image":
            return self._image(given, where)
        return self._document(given, where) if kind == "document" else given

    def _image(self, image: Json, where: str) -> Json:
        self._images += 1
        data = _bytes_of(image)
        if self._images > _MAX_IMAGES:
            raise self._work.refusal(
                where,
                f"a request takes at most {_MAX_IMAGES} images.",
                f"Too many images in request: at most {_MAX_IMAGES}.",
            )
        if len(data) * 3 // 4 > _MAX_IMAGE_BYTES:
            raise self._work.refusal(
                where, "an image may have at most 3.75 MB.", "The provided image is larger than 3.75 MB."
            )
        if _is_too_wide(data):
            told = f"an image may have at most {_MAX_PIXELS} pixels in width and height."
            words = f"The image exceeds the maximum of {_MAX_PIXELS} pixels in width or height. Try again with a smaller image."
            if self._work.breaks("images", where, told, words):  # which nothing can repair
                raise self._work.refusal(where, told, words)
        actual = format_of(data)
        if not data or actual == image.get("format"):
            return image
        words = "The provided image does not match the specified image format."
        told = f"the image is not a {image.get('format')}."
        if actual is None:
            if self._work.breaks("images", where, told, words):  # which nothing can repair
                raise self._work.refusal(where, "the image is not a PNG, JPEG, GIF or WebP.", words)
            return image
        if self._work.breaks("images", where, told, words):
            self._work.say(where, "format", actual)
            return {**image, "format": actual}
        return image

    def _document(self, document: Json, where: str) -> Json:
        work = self._work
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise work.refusal(
                where,
                f"a request takes at most {MAX_DOCUMENTS} documents.",
                f"Too many documents in request: at most {MAX_DOCUMENTS}.",
            )
        if not self._takes_large(document) and len(_bytes_of(document)) * 3 // 4 > _MAX_DOCUMENT_BYTES:
            raise work.refusal(
                where, "a document may have at most 4.5 MB.", "The provided document is larger than 4.5 MB."
            )
        return self._citing(self._named(document, where), where)

    def _takes_large(self, document: Json) -> bool:
        """Where the limit of 4.5 MB does not hold (danny-avila/LibreChat#12459): PDFs on Claude, and Word on Nova, too."""
        model_id, kind = self._work.capability.model_id, document.get("format")
        if model_id.startswith("amazon.nova"):
            return kind in ("pdf", "docx")
        return kind == "pdf" and self._work.capability.is_claude

    def _citing(self, document: Json, where: str) -> Json:
        """A document, or a search's result, without citations where the model gives none."""
        work, asked = self._work, document.get("citations")
        if isinstance(asked, dict) and asked.get("enabled") and not work.capability.supports_citations:
            told = f"the model {work.capability.model_id} gives no citations. Leave them out."
            if work.breaks(
                "citations",
                where,
                told,
                "This model doesn't support the citations field for documents. Remove citations and try again.",
            ):
                work.say(f"{where}.citations", "dropped")
                document = {name: value for name, value in document.items() if name != "citations"}
        return document

    def _named(self, document: Json, where: str) -> Json:
        work, name = self._work, document.get("name")
        if not isinstance(name, str):
            return document
        cleaned = _BLANKS.sub(" ", _NOT_IN_NAMES.sub(" ", name))[:_MAX_NAME] if not _takes(name) else name
        if cleaned != name and not work.breaks(
            "documents", where, "the document's name has signs that Bedrock does not take.", _NAME_WORDS
        ):
            cleaned = name
        cleaned = cleaned.strip() or "Document"
        if cleaned in self._names:
            words = (
                "Messages can't contain duplicate document names. Rename the document and retry your request."
            )
            if work.breaks("documents", where, "two documents have one name.", words):
                number = 2
                while f"{cleaned} ({number})" in self._names:
                    number += 1
                cleaned = f"{cleaned} ({number})"
        self._names.add(cleaned)
        if cleaned == name:
            return document
        work.say(
            f"{where}.title" if work.wire_format in ("anthropic", "invoke") else f"{where}.name", "renamed"
        )
        return {**document, "name": cleaned}


def _takes(name: str) -> bool:
    """As Bedrock is known to take names (aws-samples/generative-ai-use-cases#1671): an underscore passes, too."""
    return (
        0 < len(name) <= 200 and not _NOT_IN_NAMES.search(name.replace("_", "-")) and not _BLANKS.search(name)
    )


def _bytes_of(media: Json) -> str:
    source = media.get("source")
    data = source.get("bytes") if isinstance(source, dict) else None
    return data if isinstance(data, str) else ""


def _is_too_wide(data: str) -> bool:
    def head(number: int) -> bytes:
        try:
            return b64decode(data[: 4 * (number // 3)])
        except ValueError:
            return b""

    return max(size_of(head) or (0, 0)) > _MAX_PIXELS


_MAGIC = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"))


def format_of(data: str) -> str | None:
    """The format of an image in base64, by its first bytes; None for one that is none of Converse's."""
    try:
        head = b64decode(data[:24])
    except ValueError:
        return None
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _move_result_images(work: Work) -> None:
    """Images in results go behind them where the model does not take them there."""
    if work.capability.supports_images_in_results:
        return
    messages: list[Message] = []
    for message in work.conversation.messages:
        images: list[Block] = []
        content: list[Block] = []
        for block in message.content:
            result = block.tool_result
            found: list[Any] = [part for part in result.content if part.image is not None] if result else []
            if result is None or not found:
                content.append(block)
                continue
            where = work.where(block)
            told = f"the model {work.capability.model_id} takes no images in the results of tools."
            if not work.breaks(
                "result_images",
                where,
                told,
                "This model doesn't support the image field in toolResult. Remove image and try again.",
            ):
                content.append(block)
                continue
            work.say(where, "image moved")
            kept = [part for part in result.content if part.image is None]
            if not kept and result.status == "error":
                kept = [ToolResultBlock(text=_FAILED)]
            content.append(work.changed(block, tool_result=replace(result, content=kept)))
            images += [work.moved(Block(image=part.image), block) for part in found]
        messages.append(Message(role=message.role, content=content + images) if images else message)
    if any(new is not old for new, old in zip(messages, work.conversation.messages, strict=True)):
        work.change(messages=messages)
