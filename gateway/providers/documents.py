"""PDF and Word documents of requests, read in child processes with limits, as those of knowledge bases are."""

import asyncio
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from weakref import WeakValueDictionary

from kernel.clock import perf_counter
from kernel.ids import random_bytes
from prompts.knowledge.services.extraction import DocumentError, ExtractionLimits, extract, media_type_of

READ = frozenset({"pdf", "docx"})
"""Formats, by Converse's names, that can be read."""
_AT_ONCE = 4
_OF_ONE_TEAM = 2
"""Places of which a team has no more, so that its documents never hold up another's."""
_AT_ONCE_CHARACTERS = 200_000
"""Of base64 that is decoded without letting the event loop go."""
_WAIT_SECONDS = 20.0
_REMEMBERED_SECONDS = 600.0
_REMEMBERED_CHARACTERS = 4_000_000
"""A conversation sends its documents again with each turn."""


class DocumentReadError(Exception):
    """The document can't be read; the message says what to do."""


class ReadersBusyError(Exception):
    """Too many documents wait to be read."""


class DocumentReader:
    """Reads documents, a few at once. What was read is remembered for some minutes, by keyed hash, and for its team alone."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="documents")
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._teams: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        self._key = random_bytes(32)
        self._known: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._characters = 0

    async def read(self, encoded: str, kind: str, *, team: int) -> str:
        """All text of a document in base64, of one of READ. DocumentReadError, ReadersBusyError."""
        if len(encoded) * 3 // 4 > self._limits.bytes:
            most = self._limits.bytes / (1024 * 1024)
            raise DocumentReadError(
                f"It is larger than {most:g} MB, the most that is read. Send it in parts."
            )
        if len(encoded) > _AT_ONCE_CHARACTERS:
            content, key = await asyncio.to_thread(self._decoded, encoded, team)
        else:
            content, key = self._decoded(encoded, team)
        if (known := self._recall(key)) is not None:
            return known
        try:
            text = await self._in_turn(partial(_text_of, content, kind, self._limits), team)
        except DocumentError as error:
            raise DocumentReadError(str(error)) from error
        self._remember(key, text)
        return text

    def _decoded(self, encoded: str, team: int) -> tuple[bytes, bytes]:
        """The document, and what it is remembered by."""
        try:
            content = b64decode(encoded, validate=True)
        except (Base64Error, ValueError) as error:
            raise DocumentReadError("It is not valid base64.") from error
        key = blake2b(content, key=self._key, salt=team.to_bytes(16, "big"), digest_size=16)
        return content, key.digest()

    async def _in_turn(self, work: "partial[str]", team: int) -> str:
        """Runs it in a place of its own, which is free again when the child has ended, whoever still waits for it."""
        own = self._teams.setdefault(team, asyncio.Semaphore(_OF_ONE_TEAM))
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await own.acquire()
                try:
                    await self._places.acquire()
                except BaseException:
                    own.release()
                    raise
        except TimeoutError as error:
            raise ReadersBusyError from error
        loop = asyncio.get_running_loop()

        def done(_: "Future[str]") -> None:
            loop.call_soon_threadsafe(self._free, own)

        future = self._threads.submit(work)
        future.add_done_callback(done)
        return await asyncio.shield(asyncio.wrap_future(future))

    def _free(self, own: asyncio.Semaphore) -> None:
        self._places.release()
        own.release()

    def _recall(self, key: bytes) -> str | None:
        found = self._known.get(key)
        if found is None:
            return None
        if found[0] < perf_counter():
            self._forget(key)
            return None
        return found[1]

    def _remember(self, key: bytes, text: str) -> None:
        if key in self._known or len(text) > _REMEMBERED_CHARACTERS:
            return
        now = perf_counter()
        self._known[key] = (now + _REMEMBERED_SECONDS, text)
        self._characters += len(text)
        while self._characters > _REMEMBERED_CHARACTERS or next(iter(self._known.values()))[0] < now:
            self._forget(next(iter(self._known)))

    def _forget(self, key: bytes) -> None:
        self._characters -= len(self._known.pop(key)[1])

    def stop(self) -> None:
        """Takes no more. What is being read ends by its own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _text_of(content: bytes, kind: str, limits: ExtractionLimits) -> str:
    blocks = extract(content, media_type_of(f"document.{kind}", content), limits, is_whole=True)
    return "\n\n".join(block.text for block in blocks)
