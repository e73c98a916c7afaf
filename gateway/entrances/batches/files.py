"""Files in pieces: as they come from a caller or are written here, and as they are read, a piece in memory at a time."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from gateway.batches.policy.lines import RawLine, Splitter
from gateway.batches.services.file_store import CHUNK_BYTES, FileSeen, FileStore
from gateway.records.file_seals import opened_chunk, sealed_chunk
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.records.services.team_keys import LiveKey
from kernel.clock import utc_now
from kernel.ids import new_id


class FileKeyError(Exception):
    """The key that a file is sealed with is erased, or can't be had now."""


class FileWriter:
    """Writes a file that is not there for anybody until it is whole."""

    def __init__(self, store: FileStore, key: LiveKey, *, team_id: int, application_id: int) -> None:
        self.id, self.bytes = new_id(), 0
        self._store, self._key = store, key
        self._team_id, self._application_id = team_id, application_id
        self._held = bytearray()
        self._number = 0
        self.created_at = utc_now()

    async def begin(self, *, name: str, purpose: str, expires_at: datetime) -> None:
        await self._store.begin(
            {
                "id": self.id, "team": self._team_id, "application": self._application_id, "name": name, "purpose": purpose,
                "generation": self._key.generation, "created_at": self.created_at, "expires_at": expires_at,
            }
        )  # fmt: skip

    async def write(self, piece: bytes) -> None:
        self._held += piece
        self.bytes += len(piece)
        while len(self._held) >= CHUNK_BYTES:
            chunk = bytes(self._held[:CHUNK_BYTES])
            del self._held[:CHUNK_BYTES]
            await self._put(chunk)

    async def flush(self) -> None:
        """Writes what is left: the last piece."""
        if self._held:
            chunk = bytes(self._held)
            self._held.clear()
            await self._put(chunk)

    async def _put(self, chunk: bytes) -> None:
        number = self._number
        self._number += 1

        def make() -> bytes:
            return sealed_chunk(
                chunk, key=self._key.key, file_id=self.id, team_id=self._team_id, number=number
            )

        sealed = await asyncio.to_thread(make)
        await self._store.add(self.id, number=number, sealed=sealed, size=len(chunk))


async def writer_for(gateway: Gateway, *, team_id: int, application_id: int) -> FileWriter:
    """Refusal: overloaded, where the team's key can't be had."""
    key = await gateway.keyring.get(team_id)
    if key is None:
        told = "The key that files of your team are kept under can't be had right now. Try again shortly."
        raise Refusal("overloaded", told, retry_after=10)
    return FileWriter(gateway.files, key, team_id=team_id, application_id=application_id)


def kept_until(now: datetime, seconds: int | None) -> datetime:
    """When a file goes: as its caller asked, and never later than the settings say."""
    most = timedelta(days=settings.FILES_DAYS)
    return now + (most if seconds is None else min(timedelta(seconds=seconds), most))


async def pieces_of(file: FileSeen, gateway: Gateway, *, first: int = 0) -> AsyncGenerator[bytes, None]:
    """A file from a piece on. Raises FileKeyError, FilesUnavailableError."""
    for number in range(first, file.chunks):
        sealed = await gateway.files.chunk(file.id, number)
        plain = await opened_chunk(
            sealed, generation=file.generation, file_id=file.id, team_id=file.team_id, number=number, keyring=gateway.keyring
        )  # fmt: skip
        if plain is None:
            raise FileKeyError
        yield plain


async def lines_of(
    file: FileSeen, gateway: Gateway, *, offset: int = 0, number: int = 1
) -> AsyncGenerator[RawLine, None]:
    """The lines of a file from an offset on, at which the line of that number begins. Raises as `pieces_of`."""
    splitter = Splitter(most=settings.GATEWAY_MAX_BODY_BYTES, offset=offset, number=number)
    first, skip = divmod(offset, CHUNK_BYTES)
    async for piece in pieces_of(file, gateway, first=first):
        for line in splitter.feed(piece[skip:]):
            yield line
        skip = 0
    for line in splitter.end():
        yield line


def whose(team_id: int, application_id: int) -> dict[str, Any]:
    return {"team_id": team_id, "application_id": application_id}
