"""A file comes in: read from its form as it comes, and sealed piece by piece."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from gateway.batches.policy.multipart import BrokenFormError, FormReader, Part, PartEnd, boundary_of
from gateway.batches.policy.terms import TermsError, kept_seconds
from gateway.batches.services.file_store import FileSeen
from gateway.call import Call
from gateway.entrances.batches.files import FileWriter, kept_until, whose, writer_for
from gateway.entrances.read_body import ClientLeftError
from gateway.refusals import Refusal, too_large
from gateway.runtime import Gateway

Receive = Callable[[], Awaitable[dict[str, Any]]]
PURPOSES = ("batch",)
_MAX_FIELD = 1024
_IDLE_SECONDS = 60.0
_FIELDS = frozenset({"purpose", "expires_after[anchor]", "expires_after[seconds]"})


async def uploaded(receive: Receive, headers: dict[bytes, bytes], call: Call, gateway: Gateway) -> FileSeen:
    """The file, once all of it is kept. Refusals: invalid_request, request_too_large, rate_limited where the team has no room left.

    Raises ClientLeftError, FilesUnavailableError.
    """
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Refusal("unsupported_encoding", "A file is sent as it is, without Content-Encoding.")
    try:
        form = _Form(
            FormReader(boundary_of(headers.get(b"content-type", b"").decode("latin-1"))), call, gateway
        )
        return await form.read(receive)
    except BrokenFormError as error:
        raise Refusal("invalid_request", str(error)) from error


class _Form:
    """The form of an upload, as far as it has come."""

    def __init__(self, reader: FormReader, call: Call, gateway: Gateway) -> None:
        self._reader, self._gateway = reader, gateway
        self._team_id, self._application_id = call.key.team.id, call.key.application_id
        self._most = settings.FILES_MAX_MB * 1024 * 1024
        self._writer: FileWriter | None = None
        self._part: Part | None = None
        self._field = b""
        self._fields: dict[str, str] = {}
        self._name = ""

    async def read(self, receive: Receive) -> FileSeen:
        """Reads it to its end. What was kept of one that is refused is deleted at once."""
        used = await self._gateway.files.bytes_of(self._team_id)
        if used >= settings.TEAM_FILES_MB * 1024 * 1024:
            told = f"The files of your team have {settings.TEAM_FILES_MB:,} MB, the most there may be. Delete some first."
            raise Refusal("rate_limited", told, may_retry=False)
        try:
            async for piece in _body(receive):
                for event in self._reader.feed(piece):
                    await self._take(event)
            return await self._ended()
        except BaseException:
            if self._writer is not None:
                await asyncio.shield(self._gateway.files.drop(self._writer.id))
            raise

    async def _take(self, event: Part | PartEnd | bytes) -> None:
        if isinstance(event, Part):
            await self._begin(event)
        elif isinstance(event, PartEnd):
            if self._part is not None and self._part.name != "file":
                self._fields[self._part.name] = self._field.decode("utf-8", "replace").strip()
            self._part, self._field = None, b""
        elif self._part is not None and self._part.name == "file":
            assert self._writer is not None
            if self._writer.bytes + len(event) > self._most:
                raise too_large(self._most)
            await self._writer.write(event)
        else:
            self._field += event
            if len(self._field) > _MAX_FIELD:
                raise Refusal("invalid_request", "A field of the form is too long.")

    async def _begin(self, part: Part) -> None:
        self._part = part
        if part.name != "file":
            if part.name not in _FIELDS:
                raise Refusal(
                    "invalid_request", f"'{part.name[:60]}' is not known here.", param=part.name[:60]
                )
            return
        if self._writer is not None:
            raise Refusal("invalid_request", "Send one file at a time.", param="file")
        self._name = (part.filename or "file.jsonl").replace("\0", "")[-255:]
        self._writer = await writer_for(
            self._gateway, team_id=self._team_id, application_id=self._application_id
        )
        until = kept_until(self._writer.created_at, None)
        await self._writer.begin(name=self._name, purpose="batch", expires_at=until)

    async def _ended(self) -> FileSeen:
        if not self._reader.is_over:
            raise Refusal("invalid_request", "The form ends before its last boundary.")
        if self._writer is None:
            raise Refusal("invalid_request", "The form has no field 'file'.", param="file")
        purpose = self._fields.get("purpose", "")
        if purpose not in PURPOSES:
            told = f"Files are kept for batches: 'purpose' is {', '.join(PURPOSES)}, not '{purpose[:40]}'."
            raise Refusal("invalid_request", told, param="purpose")
        expires_at = kept_until(self._writer.created_at, self._kept_seconds())
        await self._writer.flush()
        if not self._writer.bytes:
            raise Refusal("invalid_request", "The file is empty.", param="file")
        file_id = self._writer.id
        await self._gateway.files.finish(file_id, name=self._name, purpose=purpose, expires_at=expires_at)
        found = await self._gateway.files.get(file_id, **whose(self._team_id, self._application_id))
        assert found is not None
        return found

    def _kept_seconds(self) -> int | None:
        anchor, seconds = (self._fields.get(f"expires_after[{name}]") for name in ("anchor", "seconds"))
        if anchor is None and seconds is None:
            return None
        try:
            return kept_seconds({"anchor": anchor, "seconds": seconds}, "expires_after")
        except TermsError as error:
            raise Refusal("invalid_request", str(error), param=error.param) from error


async def _body(receive: Receive) -> Any:
    while True:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise ClientLeftError from error
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
