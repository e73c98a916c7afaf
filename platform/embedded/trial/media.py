"""Probes of documents, images, citations and cache points."""

from typing import Any

from embedded.trial.bodies import (
    POINT,
    Block,
    Body,
    assistant,
    body,
    call,
    document,
    image,
    result,
    told,
    tool,
    tools,
    user,
)
from embedded.trial.pictures import GIF, JPEG, PNG, WEBP
from embedded.trial.probe import ANTHROPIC, SHAPES, Probe


def _documents(
    name: str, sends: str, simulator: str, *blocks: Any, gateway: str = "documents", **more: Any
) -> Probe:
    pages = sum(1 for each in blocks if not isinstance(each, str))
    return Probe(name, sends, body(user(*blocks)), simulator, gateway, pages=pages, **more)


_SIX = [document(f"part {number}") for number in range(6)]
_NAMES = "names of documents"
DOCUMENTS = (
    _documents("document", "a text document beside a text", "media", "Say OK.", document(), gateway="inputs", capability="supports_documents"),
    _documents("document alone", "a document without a text", "a text beside documents", document()),
    _documents("document name with an underscore", "a document named a_b", _NAMES, "Say OK.", document("a_b")),
    _documents("document name with a dot", "a document named a.txt", _NAMES, "Say OK.", document("a.txt")),
    _documents("document name with two blanks", "a document named a, two blanks, b", _NAMES, "Say OK.", document("a  b")),
    _documents("document name with an umlaut", "a document named ä", _NAMES, "Say OK.", document("ä")),
    _documents("document names twice", "two documents of one name", "documents' names once", "Say OK.", document(), document()),
    _documents("six documents", "six documents", "number of documents", "Say OK.", *_SIX),
    _documents("citations", "a document with citations enabled", "citations", "What colour is the sky?",
               document(cites=True), gateway="citations", capability="supports_citations", shows=("citationsContent",)),
    Probe("citations, streamed", "a document with citations enabled, in a stream",
          body(user("What colour is the sky?", document(cites=True)), most=24), "citations", "citations", "supports_citations",
          operation="ConverseStream", pages=1),
)  # fmt: skip


def _images(name: str, sends: str, block: Block, simulator: str = "media", gateway: str = "inputs") -> Probe:
    return Probe(name, sends, body(user("Say OK.", block)), simulator, gateway, "supports_images", pages=1)


IMAGES = (
    _images("png", "a PNG", image("png", PNG)),
    _images("jpeg", "a JPEG", image("jpeg", JPEG)),
    _images("gif", "a GIF", image("gif", GIF)),
    _images("webp", "a WebP", image("webp", WEBP)),
    _images("png called jpeg", "a PNG with the format jpeg", image("jpeg", PNG), "format of images", "images"),
    _images("format in capitals", "a PNG with the format PNG", image("PNG", PNG), SHAPES, "images"),
    _images("image with line feeds", "a PNG in base64 with a line feed", image("png", PNG[:40] + "\n" + PNG[40:]), SHAPES, "images"),
)  # fmt: skip


_LIFETIME, _PLACE = "lifetime of cache points", "place of cache points"
_CAPABILITIES = {
    "no prompt cache": "cache_points",
    "number of cache points": "cache_points",
    _LIFETIME: "cache_lifetimes",
    _PLACE: "cache_places",
}


def _point(ttl: str) -> Block:
    return {"cachePoint": {"type": "default", "ttl": ttl}}


def _cached(name: str, sends: str, asked: Body, simulator: str = "no prompt cache", **more: Any) -> Probe:
    return Probe(name, sends, asked, simulator, "cache_points", _CAPABILITIES.get(simulator, ""), **more)


CACHING = (
    _cached("cache point", "a cachePoint behind a text", body(user("Say OK.", POINT))),
    _cached("cache point in system", "a cachePoint behind a system text", body(system=[{"text": "Be brief."}, POINT]), _PLACE),
    _cached("cache point in tools", "a cachePoint behind a tool", body(toolConfig=tools(tool(), POINT)), _PLACE),
    _cached("cache point first", "a cachePoint before the text", body(user(POINT, "Say OK.")), "cache point first"),
    _cached("cache point first in system", "a cachePoint before the system text", body(system=[POINT, {"text": "Be brief."}]), "cache point first"),
    _cached("two cache points", "two cachePoints in a row", body(user("Say OK.", POINT, POINT)), "two cache points"),
    _cached("four cache points", "four cachePoints", body(user("a", POINT, "b", POINT, "c", POINT, "d", POINT)), "number of cache points"),
    _cached("five cache points", "five cachePoints", body(user("a", POINT, "b", POINT, "c", POINT, "d", POINT, "e", POINT)), "number of cache points"),
    _cached("cache point of five minutes", "a cachePoint with ttl 5m", body(user("Say OK.", _point("5m"))), _LIFETIME),
    _cached("cache point of an hour", "a cachePoint with ttl 1h", body(user("Say OK.", _point("1h"))), _LIFETIME),
    _cached("cache point of a day", "a cachePoint with ttl 24h", body(user("Say OK.", _point("24h"))), SHAPES),
    _cached("longer lifetime later", "ttl 5m, then 1h", body(user("a", _point("5m"), "b", _point("1h"))), "longer lifetimes first"),
    _cached("longer lifetime first", "ttl 1h, then 5m", body(user("a", _point("1h"), "b", _point("5m"))), "longer lifetimes first"),
    _cached("cache point behind a text document", "a cachePoint behind a document", body(user("Say OK.", document(), POINT)),
            "cache point behind a text document", pages=1, vendors=ANTHROPIC),
    _cached("cache point behind a result", "a cachePoint behind a result", told(user("Look."), assistant(call()), user(result(), POINT))),
)  # fmt: skip
