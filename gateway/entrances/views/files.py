"""/v1/files: files of batches, as OpenAI's SDKs send, list, read and delete them. As jobs, they take nothing from rate limits: how much
a team may have of them is bounded instead."""

from collections.abc import AsyncGenerator
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from gateway.batches.policy.names import file_id_of
from gateway.batches.services.batch_store import BatchesUnavailableError
from gateway.batches.services.file_store import FileSeen, FilesUnavailableError
from gateway.call import Call
from gateway.entrances.batches.files import FileKeyError, pieces_of, whose
from gateway.entrances.batches.told import page, told_file
from gateway.entrances.batches.upload import uploaded
from gateway.entrances.formats.entrance import OpenAIEntrance
from gateway.entrances.formats.incoming import headers_of, new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.nowhere import speaks_anthropic
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.steps import identified
from governance.limits.services.ledger import LedgerUnavailableError

_OPENAI = OpenAIEntrance()
_USUAL_PAGE, _MAX_PAGE = 10_000, 10_000


class StoredView(LeanView):
    """What is kept for an application, and told to nobody else."""

    async def answered(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        """The answer of `answer`, or a refusal in OpenAI's shape."""
        scope = scope_of(request)
        if speaks_anthropic(scope):
            told = f"There is nothing at {scope['path'][:200]} in Anthropic's format: files and batches are OpenAI's here."
            raise Refusal("not_found", told, may_retry=False)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format=_OPENAI.name, parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            found = await self.answer(request, call, gateway, **parts)
        except (BatchesUnavailableError, FilesUnavailableError, LedgerUnavailableError):
            told = "Gatehouse can't keep or read files and batches at the moment. Please try again."
            return refused(call, _OPENAI, Refusal("not_auditable", told, retry_after=gateway.postgres_wait))
        except Refusal as refusal:
            return refused(call, _OPENAI, refusal)
        if isinstance(found, HttpResponseBase):
            return found
        headers = {"x-request-id": call.request.request_id}
        return HttpResponse(orjson.dumps(found), content_type=JSON, headers=headers)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        raise NotImplementedError


class FilesView(StoredView):
    """POST and GET /v1/files."""

    async def post(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request)

    async def get(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        scope = scope_of(request)
        if request.method == "POST":
            receive = handover_of(scope).receive
            assert receive is not None
            return told_file(await uploaded(receive, headers_of(scope), call, gateway))
        limit = limit_asked(request, usual=_USUAL_PAGE, most=_MAX_PAGE)
        order = request.GET.get("order", "desc")
        if order not in ("asc", "desc"):
            raise Refusal("invalid_request", "'order' is asc or desc.", param="order")
        after = request.GET.get("after")
        found = await gateway.files.page(
            **whose(call.key.team.id, call.key.application_id), purpose=request.GET.get("purpose", "").replace("\0", "")[:32], limit=limit + 1,
            after=None if after is None else (await found_file(after, call, gateway)).id, newest_first=order == "desc",
        )  # fmt: skip
        return page([told_file(file) for file in found], limit=limit)


class FileView(StoredView):
    """GET and DELETE /v1/files/{id}."""

    async def get(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request, **parts)

    async def delete(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request, **parts)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        file = await found_file(parts["id"], call, gateway)
        if request.method != "DELETE":
            return told_file(file)
        if await gateway.files.is_in_use(file.id, application_id=call.key.application_id):
            told = "A batch reads this file still. Cancel it, or wait until it has ended."
            raise Refusal("invalid_request", told, param="file_id")
        await gateway.files.drop(file.id)
        return {"id": parts["id"], "object": "file", "deleted": True}


class ContentView(StoredView):
    """GET /v1/files/{id}/content, piece by piece."""

    async def get(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request, **parts)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        file = await found_file(parts["id"], call, gateway)
        pieces = pieces_of(file, gateway)
        try:
            first = await anext(pieces, b"")  # what can't be read is refused, before an answer is begun
        except FileKeyError as error:
            told = "The key that this file was kept under has been erased, or can't be had right now."
            raise Refusal("not_found", told, param="file_id") from error
        headers = {"x-request-id": call.request.request_id, "content-length": str(file.bytes)}
        return StreamingHttpResponse(
            _joined(first, pieces), content_type="application/octet-stream", headers=headers
        )


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in rest:
        yield piece


async def found_file(name: str, call: Call, gateway: Gateway) -> FileSeen:
    """Refusal: not_found."""
    file_id = file_id_of(name)
    mine = whose(call.key.team.id, call.key.application_id)
    file = None if file_id is None else await gateway.files.get(file_id, **mine)
    if file is None:
        raise Refusal("not_found", f"No such File object: {name[:100]}", param="id", may_retry=False)
    return file


def limit_asked(request: HttpRequest, *, usual: int, most: int) -> int:
    """Refusal: invalid_request."""
    text = request.GET.get("limit", str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= most):
        raise Refusal("invalid_request", f"'limit' is a number from 1 to {most:,}.", param="limit")
    return int(text)
