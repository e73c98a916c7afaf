"""PURE: images as callers send them, as Converse takes them."""

import re

from gateway.call.places import Places, WebImage
from gateway.conversation import Json
from gateway.refusals import Refusal

_DATA_URL = re.compile(r"data:image/(png|jpeg|jpg|gif|webp);base64,")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")


def image_block(url: str, where: str, places: Places) -> Json:
    """The image of a `data:` URL; that of an address on the web is noted, to be fetched once it is known who calls.

    Refusal invalid_request for any other.
    """
    if url[:8].lower().startswith(("https://", "http://")):
        return web_image(url, where, places)
    match = _DATA_URL.match(url)
    if match is None or not is_base64(url, match.end()):
        raise Refusal(
            "invalid_request",
            f"{where}: an image must be sent as a data: URL of a PNG, JPEG, GIF or WebP in base64, or as an https:// address.",
            param=where,
        )
    kind = "jpeg" if match[1] == "jpg" else match[1]
    return {"format": kind, "source": {"bytes": without_blanks(url[match.end() :])}}


def web_image(url: str, where: str, places: Places) -> Json:
    """An image without a picture yet."""
    image: Json = {"format": "png", "source": {"bytes": ""}}
    places.web_images.append(WebImage(url, where, image))
    return image


def without_blanks(text: str) -> str:
    """Base64 without the line breaks and blanks that callers may send, and Converse does not take."""
    return (
        text if text.isascii() and not any(map(text.__contains__, " \n\r\t\f\v")) else "".join(text.split())
    )


def is_base64(text: str, start: int = 0) -> bool:
    """Whether a text is base64 from here on, line breaks allowed."""
    return _BASE64.fullmatch(text, start) is not None
