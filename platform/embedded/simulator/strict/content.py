"""Rules of documents, images, tools' inputs and results, and cache points."""

import itertools
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
    large = (path for path, document in _documents(asked) if base64_size(_bytes(document)) > _DOCUMENT_BYTES)
    return next(({"path": path} for path in large), None)


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


def many_points(asked: Asked) -> Found | None:
    return found(len(asked.cache_points) > (asked.can.cache_points or 4), number=len(asked.cache_points))


def point_first(asked: Asked) -> Found | None:
    for block in asked.of("cachePoint"):
        if block.index == 0:
            return {"path": block.path}
    if asked.system and asked.system[0][0] == "cachePoint":
        return {"path": "system.0"}
    return next(
        ({"path": point.path} for point in asked.cache_points if point.path == "toolConfig.tools.0"), None
    )


def two_points(asked: Asked) -> Found | None:
    for before, after in itertools.pairwise(asked.cache_points):
        head, _, last = before.path.rpartition(".")
        if after.path == f"{head}.{int(last) + 1}":
            return {"path": after.path}
    return None


def no_caching(asked: Asked) -> Found | None:
    return found(asked.cache_points and not asked.can.cache_points)


def no_place(asked: Asked) -> Found | None:
    for point in asked.cache_points:
        if point.place not in asked.can.cache_places:
            where, _, index = point.path.rpartition(".")
            return {"where": f"{where.replace('.', '/')}/{index}"}
    return None


def no_lifetime(asked: Asked) -> Found | None:
    for point in asked.cache_points:
        if point.ttl and point.ttl not in asked.can.cache_lifetimes:
            return {"path": point.path, "ttl": point.ttl}
    return None


def longer_later(asked: Asked) -> Found | None:
    seen_short = False
    for point in asked.cache_points:
        if point.ttl == "1h" and seen_short:
            return {"path": point.path}
        seen_short = seen_short or point.ttl != "1h"
    return None


def behind_text_document(asked: Asked) -> Found | None:
    for point in asked.of("cachePoint") if asked.is_claude else ():
        before = asked.messages[point.message].blocks[point.index - 1]
        if point.index and before.kind == "document":
            document = mapping(before.value)
            if document.get("format") != "pdf":
                return {"path": point.path}
    return None


_LIMITS = "AWS API reference: Message (20 images of 3.75 MB and 8,000 pixels, 5 documents of 4.5 MB)"
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

_PAGE = "AWS user guide: Prompt caching"
CACHE = (
    Rule(
        "no prompt cache",
        "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more "
        "information.",
        "BerriAI/litellm#39210; " + _PAGE,
        no_caching,
        code="AccessDeniedException",
        status=403,
    ),
    Rule(
        "place of cache points",
        "Malformed input request: #/{where}: extraneous key [cachePoint] is not permitted, please reformat your input and try again.",
        _PAGE,
        no_place,
    ),
    Rule("cache point first", "The cachePoint at {path} has no content before it. Remove the cachePoint and try again.", _PAGE, point_first),
    Rule("two cache points", "The cachePoint at {path} directly follows another cachePoint. Remove it and try again.", _PAGE, two_points),
    Rule("lifetime of cache points", "The ttl {ttl} at {path} is not supported by this model. Remove ttl and try again.", _PAGE, no_lifetime),
    Rule("number of cache points", "A maximum of 4 blocks with cache_control may be provided. Found {number}.", "Anthropic API docs: Prompt caching", many_points, by_model=True),
    Rule(
        "longer lifetimes first",
        "{path}: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
        "Anthropic API docs: Prompt caching",
        longer_later,
        by_model=True,
    ),
    Rule("cache point behind a text document", "{path}.type: Field required", "pizza-bot-app/pizza-bot#6 (one report)", behind_text_document, by_model=True),
)  # fmt: skip
