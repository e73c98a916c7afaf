"""Images from the web, of hosts that the operator names: fetched for a caller without being led anywhere else.

Each address is looked up once and that very one is connected to; each redirect is checked anew; no answer may be long, late,
or something else than an image.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from governance.alerts.policy import is_public
from kernel.clock import perf_counter
from kernel.errors import UnavailableError
from kernel.http_client import HttpClient, Reply
from kernel.lookup import addresses_of

MAX_BYTES = 5 * 1024 * 1024
"""Of one image. Bedrock takes no more than 3.75 MB of most (its user guide, "Image requirements")."""
SECONDS = 15.0
"""For one image, redirects and all."""
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_THREADS = 8
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"))


class ImageNotFetchedError(Exception):
    """Says why, for the caller, and nothing of what is behind the address."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image as Converse takes it: `png`, `jpeg`, `gif` or `webp`, and base64."""

    format: str
    data: str


class WebImages:
    """`hosts` are names, `*.example.com` for all below one, each with a port where it is not 443; none: nothing is fetched.

    With `allow_private` addresses of the own network may be asked, and plain http.
    """

    def __init__(self, hosts: Sequence[str], *, allow_private: bool = False) -> None:
        self._hosts = tuple(host.strip().lower() for host in hosts if host.strip())
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="images") if self._hosts else None

    async def fetch(self, url: str) -> Fetched:
        """The image at an address. Raises ImageNotFetchedError."""
        if self._threads is None:
            raise ImageNotFetchedError(
                "addresses on the web are not fetched here: send the image itself, in base64. "
                "An operator may name hosts in GATEHOUSE_IMAGE_HOSTS"
            )
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS):
                return await loop.run_in_executor(self._threads, self._fetch, url, perf_counter() + SECONDS)
        except TimeoutError as error:
            raise ImageNotFetchedError(f"it did not come within {SECONDS:g} s") from error

    def _fetch(self, url: str, end: float) -> Fetched:
        for _ in range(_MAX_REDIRECTS + 1):
            parts = self._checked(url)
            reply = self._ask(parts, end)
            if reply.status in _REDIRECTS and (target := reply.headers.get("location")):
                url = urljoin(url, target)
                continue
            if reply.status != 200:
                raise ImageNotFetchedError(f"{parts.hostname} answered {reply.status}")
            return _read(reply.headers.get("content-type", ""), reply.body)
        raise ImageNotFetchedError(f"it redirects more than {_MAX_REDIRECTS} times")

    def _checked(self, url: str) -> SplitResult:
        """The parts of an address that may be asked."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError as error:
            raise ImageNotFetchedError("the address is not valid") from error
        if parts.scheme != "https" and not (parts.scheme == "http" and self._allow_private):
            raise ImageNotFetchedError("only https:// addresses are fetched")
        if not host or "@" in parts.netloc or not url.isprintable() or " " in url:
            raise ImageNotFetchedError("the address is not valid")
        usual = 443 if parts.scheme == "https" else 80
        named = host if port in (None, usual) else f"{host}:{port}"
        if not any(_matches(named, each) for each in self._hosts):
            raise ImageNotFetchedError(f"{named[:100]} is not among the hosts of GATEHOUSE_IMAGE_HOSTS")
        return parts

    def _ask(self, parts: SplitResult, end: float) -> Reply:
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "Gatehouse"}
        address = self._address(host, port, end - perf_counter())
        if (seconds := end - perf_counter()) <= 0:
            raise ImageNotFetchedError("it took too long")
        try:
            with closing(HttpClient(parts.scheme, host, port, address=address)) as client:
                return client.get(path, headers, seconds=seconds, max_bytes=MAX_BYTES)
        except (UnavailableError, UnicodeError) as error:
            raise ImageNotFetchedError(
                f"{host[:100]} gave no image of up to {MAX_BYTES} bytes in time"
            ) from error

    def _address(self, host: str, port: int, seconds: float) -> str:
        try:
            found = addresses_of(host, port, seconds=seconds)
        except OSError as error:
            raise ImageNotFetchedError(f"{host[:100]} is not known") from error
        if not self._allow_private and not all(is_public(address.partition("%")[0]) for address in found):
            raise ImageNotFetchedError(f"{host[:100]} is not on the internet")
        return found[0]


def _matches(host: str, named: str) -> bool:
    return host.endswith(named[1:]) if named.startswith("*.") else host == named


def _read(content_type: str, body: bytes) -> Fetched:
    kind = content_type.partition(";")[0].strip().lower()
    if (
        kind
        and not kind.startswith("image/")
        and kind not in ("application/octet-stream", "binary/octet-stream")
    ):
        raise ImageNotFetchedError(f"what is there is {kind[:50]}, not an image")
    for magic, name in _MAGIC:
        if body.startswith(magic):
            return Fetched(name, b64encode(body).decode())
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return Fetched("webp", b64encode(body).decode())
    raise ImageNotFetchedError("what is there is not a PNG, JPEG, GIF or WebP")
