"""Rules of documents, images, and tools' inputs and results."""

import re
from collections.abc import Iterator
from typing import Any

from embedded.simulator.shapes import base64_size, mapping, sequence, string
from embedded.simulator.strict.asked import Asked
from embedded.simulator.strict.media import decoded, image_format, image_size
from embedded.simulator.strict.rule import Found, Rule, found

_DOCUMENTS, _IMAGES = 5, 20
_DOCUMENT_BYTES, _IMAGE_BYTES = int(4.5 * 1024 * 1024), int(3.75 * 1024 * 1024)
_IMAGE_PIXELS = 8_000
# Formats for which there is no limit but that of the whole. Source: AWS user guide, Inference API restrictions.
_ANY_SIZE = (
    ("anthropic.claude-3", ()),
    ("anthropic.", ("pdf",)),
    ("amazon.nova-", ("pdf", "docx")),
)
# An underscore and a blank at an end are taken, though the words don't say so: generative-ai-use-cases#1671.
_DOCUMENT_NAME = re.compile(r"[A-Za-z0-9_ ()\[\]-]+")


def _documents(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in asked.of("document"):
        yield block.path, mapping(block.value)
    for path, value in asked.inner("document"):
        yield path, mapping(value)


def _images(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in asked.of("image"):
        yield block.path, mapping(block.value)
    for path, value in asked.inner("image"):
        yield path, mapping(value)


def _bytes(media: dict[str, Any]) -> Any:
    return mapping(media.get("source")).get("bytes")


def no_text_beside(asked: Asked) -> Found | None:
    for block in asked.of("document"):
        if all(other.kind != "text" for other in asked.messages[block.message].blocks):
            return {"path": block.path}
    return None


def document_name(asked: Asked) -> Found | None:
    for path, document in _documents(asked):
        name = string(document.get("name"))
        if not _DOCUMENT_NAME.fullmatch(name) or "  " in name:
            return {"path": path}
    return None


def same_names(asked: Asked) -> Found | None:
    names = [string(document.get("name")) for _, document in _documents(asked)]
    return found(len(names) != len(set(names)))


def many_documents(asked: Asked) -> Found | None:
    return found(sum(1 for _ in _documents(asked)) > _DOCUMENTS, most=_DOCUMENTS)


def large_document(asked: Asked) -> Found | None:
    for path, document in _documents(asked):
        if base64_size(_bytes(document)) > _DOCUMENT_BYTES and document.get("format") not in _any_size(asked):
            return {"path": path}
    return None


def _any_size(asked: Asked) -> tuple[str, ...]:
    return next((kinds for models, kinds in _ANY_SIZE if asked.model.model_id.startswith(models)), ())


def odd_citations(asked: Asked) -> Found | None:
    if not asked.of("document") or not asked.is_claude:
        return None
    return found(any(document.get("format", "txt") not in ("txt", "pdf") for document in _cited(asked)))


def many_seen(asked: Asked) -> Found | None:
    """Claude looks at documents that it cites as it does at images."""
    if not asked.of("document") or not asked.is_claude:
        return None
    images, documents = sum(1 for _ in _images(asked)), len(_cited(asked))
    return found(documents and images + documents > _IMAGES, images=images, documents=documents, most=_IMAGES)


def _cited(asked: Asked) -> list[dict[str, Any]]:
    documents = (mapping(block.value) for block in asked.of("document"))
    return [each for each in documents if mapping(each.get("citations")).get("enabled")]


def many_images(asked: Asked) -> Found | None:
    return found(sum(1 for _ in _images(asked)) > _IMAGES, most=_IMAGES)


def large_image(asked: Asked) -> Found | None:
    large = (path for path, image in _images(asked) if base64_size(_bytes(image)) > _IMAGE_BYTES)
    return next(({"path": path} for path in large), None)


def wrong_format(asked: Asked) -> Found | None:
    for path, image in _images(asked):
        data = _bytes(image)
        if data is not None and image_format(decoded(data)) != image.get("format"):
            return {"path": path}
    return None


def wide_image(asked: Asked) -> Found | None:
    for path, image in _images(asked):
        if max(image_size(decoded(_bytes(image)))) > _IMAGE_PIXELS:
            return {"path": path, "most": _IMAGE_PIXELS}
    return None


def no_object(asked: Asked) -> Found | None:
    for block in asked.of("toolUse"):
        if not isinstance(mapping(block.value).get("input"), dict):
            return {"path": f"{block.path}.toolUse.input"}
    for path, value in asked.inner("json"):
        if not isinstance(value, dict) or _has_type(value):
            return {"path": f"{path}.json"}
    return None


def _has_type(value: Any) -> bool:
    """A member named __type below the first level, which AWS's reader takes for its own."""
    waiting = list(value.values())
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "__type" in each:
                return True
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False


def empty_error(asked: Asked) -> Found | None:
    for block in asked.of("toolResult"):
        result = mapping(block.value)
        if result.get("status") == "error" and not sequence(result.get("content")):
            return {"path": f"{block.path}.toolResult"}
    return None


_LIMITS = "AWS API reference: Message (20 images of 3.75 MB and 8,000 pixels, 5 documents of 4.5 MB); danny-avila/LibreChat#12459"
IMAGES = (
    Rule(
        "number of images",
        "The number of images exceeds the limit of {most}. Remove images and try again.",
        _LIMITS,
        many_images,
    ),
    Rule(
        "size of images",
        "The image at {path} exceeds the maximum size of 3.75 MB. Try again with a smaller image.",
        _LIMITS,
        large_image,
    ),
    Rule(
        "format of images",
        "The provided image does not match the specified image format.",
        "boto/boto3#4415",
        wrong_format,
    ),
    Rule(
        "pixels of images",
        "The image at {path} exceeds the maximum of {most} pixels in width or height. Try again with a smaller image.",
        _LIMITS,
        wide_image,
    ),
)
MEDIA = (
    Rule(
        "a text beside documents",
        "A text block must be included when using documents.",
        "AWS API reference: Message; BerriAI/litellm#36499",
        no_text_beside,
    ),
    Rule(
        "names of documents",
        "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and "
        "square brackets. The name can't contain more than one consecutive whitespace character. Check that the file name "
        "meets these requirements and try again.",
        "aws-samples/generative-ai-use-cases#1671; botocore: DocumentBlock",
        document_name,
    ),
    Rule(
        "documents' names once",
        "Messages can't contain duplicate document names. Rename the document and retry your request.",
        "maximhq/bifrost#7003",
        same_names,
    ),
    Rule(
        "number of documents",
        "The number of documents exceeds the limit of {most}. Remove documents and try again.",
        _LIMITS,
        many_documents,
    ),
    Rule(
        "size of documents",
        "The document at {path} exceeds the maximum size of 4.5 MB. Try again with a smaller document.",
        _LIMITS,
        large_document,
    ),
    Rule(
        "citations of documents",
        "Unsupported document format. Only txt and pdf formats are supported when citations are enabled.",
        "boto/boto3#4726",
        odd_citations,
    ),
    Rule(
        "images and documents together",
        "messages: too many images and documents: {images} + {documents} > {most}",
        "boto/boto3#4632",
        many_seen,
        by_model=True,
    ),
    Rule(
        "objects",
        "The format of the value at {path} is invalid. Provide a json object for the field and try again.",
        "sigoden/aichat#1550; maximhq/bifrost#5762 (__type)",
        no_object,
    ),
    Rule(
        "errors have content",
        "The content field at {path} cannot be empty when status value is error.",
        "aws-samples/sample-multi-agent-orchestration-chat-on-agentcore#15",
        empty_error,
    ),
    *IMAGES,
)
