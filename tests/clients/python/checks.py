"""What a client's script says of its checks: a line of JSON for each. Shared by the scripts of this folder.

The environment has GATEHOUSE_URL, GATEHOUSE_KEY and GATEHOUSE_SIMULATOR beside what the client's own users set.
"""

import base64
import json
import os
import struct
import traceback
import urllib.request
import zlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

URL, KEY = os.environ["GATEHOUSE_URL"], os.environ["GATEHOUSE_KEY"]
SONNET, HAIKU = "claude-sonnet-4-5", "claude-haiku-4-5"
SONNET_ID = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def versions(*names: str) -> None:
    print(json.dumps({"versions": {name: version(name) for name in names}}), flush=True)


def check(name: str, run: Callable[[], object], *, refused: str = "") -> None:
    """Runs one check and says how it went: it holds where `run` raises nothing and answers something true. With `refused`
    it holds where it raises an error whose text contains that: what Bedrock cannot do is refused by name."""
    said: dict[str, object]
    try:
        found = run()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if refused and refused in text:
            said = {"outcome": "refused", "text": text[:300]}
        else:
            said = {"outcome": "failed", "text": text[:600], "trace": traceback.format_exc()[-1500:]}
    else:
        fails = refused or not found
        said = {"outcome": "failed" if fails else "works", "text": f"{found!r}"[:200]}
    print(json.dumps({"check": name, **said}), flush=True)


def simulated(*scripts: dict[str, Any]) -> None:
    """What the model says next."""
    body = json.dumps(scripts).encode()
    address = os.environ["GATEHOUSE_SIMULATOR"] + "/_simulator/replies"
    urllib.request.urlopen(urllib.request.Request(address, body, method="PUT")).close()


def two_calls(name: str = "weather", cities: tuple[str, ...] = ("Bern", "Oslo")) -> None:
    """The model asks for two calls of a tool at once, or for one with one city, then answers."""
    calls = [
        {"toolUse": {"toolUseId": f"tooluse_{city}", "name": name, "input": {"city": city}}}
        for city in cities
    ]
    simulated({"content": calls, "stop_reason": "tool_use"}, {"text": "Bern 12, Oslo 3."})


def png() -> str:
    """A small picture, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * 8 for _ in range(8)))
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(picture).decode()


def pdf() -> str:
    """A document of one empty page, in base64."""
    text = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    return base64.b64encode(text).decode()
