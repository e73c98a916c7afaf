"""/v1/batches: batches, as OpenAI's SDKs make, ask for, list and cancel them; and their steps, asked for by Gatehouse's own workers."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from gateway.batches.policy.names import batch_id_of
from gateway.batches.services.batch_store import BatchesUnavailableError, BatchSeen
from gateway.call import Call
from gateway.entrances.batches.accept import batch_accepted, missing_batch, stopped
from gateway.entrances.batches.files import whose
from gateway.entrances.batches.told import page, told_batch
from gateway.entrances.batches.work import run_step
from gateway.entrances.formats.entrance import OpenAIEntrance
from gateway.entrances.formats.incoming import new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.entrances.views.files import StoredView, limit_asked
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.steps import identified

_OPENAI = OpenAIEntrance()
_USUAL_PAGE, _MAX_PAGE = 20, 100


class BatchesView(StoredView):
    """POST and GET /v1/batches."""

    async def post(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request)

    async def get(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        scope = scope_of(request)
        if request.method == "POST":
            return told_batch(await batch_accepted(call, scope, handover_of(scope).body, gateway))
        limit = limit_asked(request, usual=_USUAL_PAGE, most=_MAX_PAGE)
        after = request.GET.get("after")
        found = await gateway.batches.page(
            **whose(call.key.team.id, call.key.application_id), limit=limit + 1,
            after=None if after is None else (await _found(after, call, gateway)).id,
        )  # fmt: skip
        return page([told_batch(batch) for batch in found], limit=limit)


class BatchView(StoredView):
    """GET /v1/batches/{id}."""

    async def get(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request, **parts)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        return told_batch(await _found(parts["id"], call, gateway))


class CancelBatchView(StoredView):
    """POST /v1/batches/{id}/cancel."""

    async def post(self, request: HttpRequest, **parts: str) -> HttpResponseBase:
        return await self.answered(request, **parts)

    async def answer(self, request: HttpRequest, call: Call, gateway: Gateway, **parts: str) -> Any:
        await stopped(await _found(parts["id"], call, gateway), gateway)
        return told_batch(await _found(parts["id"], call, gateway))


class StepView(LeanView):
    """POST /internal/batches/{id}/step, with the team's internal key: answered when the step is done."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format=_OPENAI.name, parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            batch_id = batch_id_of(kwargs["id"])
            if not call.key.is_internal or batch_id is None:
                raise Refusal("not_found", "There is nothing at this address.", may_retry=False)
            outcome = await run_step(batch_id, team_id=call.key.team.id, gateway=gateway)
        except BatchesUnavailableError:
            told = "Gatehouse can't read batches at the moment."
            return refused(call, _OPENAI, Refusal("not_auditable", told, retry_after=gateway.postgres_wait))
        except Refusal as refusal:
            return refused(call, _OPENAI, refusal)
        found = {"id": kwargs["id"], "object": "batch.step", "outcome": outcome}
        return HttpResponse(orjson.dumps(found), content_type=JSON)


async def _found(name: str, call: Call, gateway: Gateway) -> BatchSeen:
    batch_id = batch_id_of(name)
    mine = whose(call.key.team.id, call.key.application_id)
    batch = None if batch_id is None else await gateway.batches.get(batch_id, **mine)
    if batch is None:
        raise missing_batch(name)
    return batch
