"""PURE: images as callers send them, as Converse takes them."""

import re

from gateway.conversation import Json
from gateway.refusals import Refusal

_DATA_URL = re.compile(r"data:image/(png|jpeg|jpg|gif|webp);base64,")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")


def image_block(url: str, where: str) -> Json:
    """The image of a `data:` URL. Refusal invalid_request for any other: Gatehouse fetches nothing for a caller."""
    match = _DATA_URL.match(url)
    if match is None or not is_base64(url, match.end()):
        raise Refusal(
            "invalid_request",
            f"{where}: an image must be sent as a data: URL of a PNG, JPEG, GIF or WebP in base64; "
            "addresses on the web are not fetched.",
            param=where,
        )
    kind = "jpeg" if match[1] == "jpg" else match[1]
    return {"format": kind, "source": {"bytes": without_blanks(url[match.end() :])}}


def without_blanks(text: str) -> str:
    """Base64 without the line breaks and blanks that callers may send, and Converse does not take."""
    return (
        text if text.isascii() and not any(map(text.__contains__, " \n\r\t\f\v")) else "".join(text.split())
    )


def is_base64(text: str, start: int = 0) -> bool:
    """Whether a text is base64 from here on, line breaks allowed."""
    return _BASE64.fullmatch(text, start) is not None
