"""/v1/async/…: jobs are accepted, asked for, cancelled and deleted by their callers; and run, asked for by Gatehouse's own workers."""

from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.call.job import JobAnswer
from gateway.entrances.formats.entrance import AnthropicEntrance, ConverseEntrance, Entrance, OpenAIEntrance
from gateway.entrances.formats.incoming import Scope, new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.jobs.accept import accepted, away
from gateway.entrances.jobs.asked import PREFIX, door_of, inner_scope, parsed_by
from gateway.entrances.jobs.run import run_job
from gateway.entrances.jobs.told import told
from gateway.entrances.nowhere import speaks_anthropic, speaks_bedrock
from gateway.entrances.views.base import LeanView, refused
from gateway.jobs.policy import job_id_of, job_name
from gateway.jobs.services.store import JobsUnavailableError, Owner, Seen
from gateway.jobs.services.webhook_secret import webhook_secret_in_thread
from gateway.pipeline import refuse
from gateway.records.job_seals import opened
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.steps import identified
from kernel.clock import utc_now

_OPENAI = OpenAIEntrance()
_SECRET, _CANCEL, _RESPONSE = "webhook-secret", "/cancel", "/response"


class JobsView(LeanView):
    """Everything below /v1/async/. Polls take nothing from rate limits: a job may wait long for its own."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        path = kwargs["path"]
        if path.endswith(_CANCEL) and job_id_of(path.removesuffix(_CANCEL)) is not None:
            return await self._answered(request, path)
        scope = scope_of(request)
        handover = handover_of(scope)
        gateway, body, inner = handover.gateway, handover.body, inner_scope(scope)
        entrance = _spoken_at(inner)
        call = new_call(scope, wire_format=entrance.name, parsed=None, body_bytes=len(body))
        try:
            door = door_of(inner, gateway.snapshot)
            entrance = door.entrance
            parsed = await parsed_by(door, body)
            call = new_call(scope, wire_format=entrance.name, parsed=parsed, body_bytes=len(body))
            identified(call, gateway)
            job, is_new = await accepted(call, scope, door, parsed, body, gateway)
        except Refusal as refusal:
            await refuse(call, refusal, gateway)
            return refused(call, entrance, call.refusal or refusal)
        return _told(call, told(job), status=202 if is_new else 200, location=f"{PREFIX}{told(job)['id']}")

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self._answered(request, kwargs["path"])

    async def delete(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self._answered(request, kwargs["path"])

    async def _answered(self, request: HttpRequest, path: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format="openai", parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            return await self._answer(request, path, call, gateway)
        except JobsUnavailableError:
            return refused(call, _OPENAI, away(gateway))
        except Refusal as refusal:
            return refused(call, _OPENAI, refusal)

    async def _answer(self, request: HttpRequest, path: str, call: Call, gateway: Gateway) -> HttpResponse:
        owner = Owner(call.key.team.id, call.key.application_id)
        if path == _SECRET and request.method == "GET":
            secret = await webhook_secret_in_thread(owner.application_id)
            return _told(call, {"object": "job.webhook_secret", "secret": secret})
        if request.method == "DELETE":
            return await _deleted(path, owner, call, gateway)
        if path.endswith(_CANCEL) and request.method == "POST":
            job = await _cancelled(path.removesuffix(_CANCEL), owner, gateway)
            return _told(call, told(job))
        job = await _found(path.removesuffix(_RESPONSE), owner, gateway)
        answer = await _opened(job, owner, gateway)
        if path.endswith(_RESPONSE):
            return _as_answered(call, job, answer)
        return _told(call, told(job, answer))


def _spoken_at(inner: Scope) -> Entrance:
    """What words a refusal where it is not known yet which entrance is meant, or there is none."""
    if speaks_bedrock(inner):
        return ConverseEntrance(model="")
    return AnthropicEntrance() if speaks_anthropic(inner) else _OPENAI


async def _found(name: str, owner: Owner, gateway: Gateway) -> Seen:
    job_id = job_id_of(name)
    job = None if job_id is None else await gateway.jobs.get(job_id, owner)
    if job is None:
        raise Refusal(
            "not_found", f"There is no job '{name[:100]}', or it has been deleted since.", param="id"
        )
    return job


async def _cancelled(name: str, owner: Owner, gateway: Gateway) -> Seen:
    job = await _found(name, owner, gateway)
    expires_at = utc_now() + timedelta(hours=settings.JOBS_RESULT_HOURS)
    if await gateway.jobs.cancel(job.id, owner, expires_at=expires_at):
        gateway.metrics.note_job("cancelled")
    return await _found(name, owner, gateway)


async def _deleted(name: str, owner: Owner, call: Call, gateway: Gateway) -> HttpResponse:
    """Cancels a job; deletes one that has ended, with its answer."""
    job = await _cancelled(name, owner, gateway)
    if job.state == "running":
        told_so = "The job was being answered: it is stopped now, and charged what it took. Delete it when it has ended."
        raise Refusal("invalid_request", told_so, param="id")
    await gateway.jobs.delete(job.id, owner)
    return _told(call, {"id": name, "object": "job", "deleted": True})


async def _opened(job: Seen, owner: Owner, gateway: Gateway) -> JobAnswer | None:
    """The answer of a job that has ended."""
    if job.state in ("queued", "running") or job.answer is None or job.answer_generation is None:
        return None
    return await opened(
        JobAnswer, bytes(job.answer), generation=job.answer_generation, job_id=job.id, team_id=owner.team_id,
        keyring=gateway.keyring,
    )  # fmt: skip


def _as_answered(call: Call, job: Seen, answer: JobAnswer | None) -> HttpResponse:
    """The answer as the entrance would have given it; the job itself, with 202, where it has none yet. Refusal: not_found, where
    it never will: a client that waits for an answer must not take the job for one."""
    if answer is None:
        if job.state in ("queued", "running"):
            return _told(call, told(job), status=202)
        why = "it was cancelled" if job.state == "cancelled" else job.reason.rstrip(".") or "it is not kept"
        raise Refusal(
            "not_found",
            f"The job '{job_name(job.id)}' has no answer: {why}. GET /v1/async/{job_name(job.id)} says what became of it.",
            param="id",
            may_retry=False,
        )
    headers = {name: value for name, value in answer.headers.items() if name != "content-type"}
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type=answer.headers.get("content-type", JSON),
        headers=headers,
    )


def _told(call: Call, found: dict[str, Any], *, status: int = 200, location: str = "") -> HttpResponse:
    headers = {"x-request-id": call.request.request_id} | ({"location": location} if location else {})
    return HttpResponse(orjson.dumps(found), status=status, content_type=JSON, headers=headers)


class RunJobView(LeanView):
    """POST /internal/jobs/{id}/run, with the team's internal key: one attempt at a job, answered when it has ended."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope: Scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format="openai", parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            job_id = job_id_of(kwargs["id"])
            if not call.key.is_internal or job_id is None:
                raise Refusal("not_found", "There is nothing at this address.", may_retry=False)
            outcome = await run_job(job_id, team_id=call.key.team.id, gateway=gateway)
        except JobsUnavailableError:
            return refused(call, _OPENAI, away(gateway))
        except Refusal as refusal:
            return refused(call, _OPENAI, refusal)
        return _told(call, {"id": kwargs["id"], "object": "job.attempt", "outcome": outcome})
