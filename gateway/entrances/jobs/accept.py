"""A job is accepted: looked at as its entrance would, sealed, and durable before its id is told."""

from datetime import timedelta
from hashlib import blake2b
from typing import Any

from django.conf import settings

from gateway.call import Call
from gateway.call.idempotency import request_digest
from gateway.call.job import JobRequest
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.incoming import Scope, check_tags, headers_of
from gateway.entrances.jobs.asked import Door, Terms, terms_of
from gateway.jobs.services.store import JobsUnavailableError, Owner, Seen
from gateway.records.job_seals import sealed
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.resolve_prompt import resolve_prompt
from gateway.stages.resolve_route import resolve_route
from kernel.clock import utc_now
from kernel.ids import new_id


async def accepted(
    call: Call, scope: Scope, door: Door, parsed: Parsed, body: bytes, gateway: Gateway
) -> tuple[Seen, bool]:
    """The job, and whether it is new: with the same Idempotency-Key and request, it is the one that there is.

    `scope` is the request as it came, `call` one that is authenticated and is never made. Refusals: invalid_request,
    rate_limited where the team has too many waiting, and what the route refuses.
    """
    headers = headers_of(scope)
    check_tags(headers)
    terms = terms_of(headers)
    await _look_up(call, gateway)
    owner = Owner(call.key.team.id, call.key.application_id)
    try:
        room = await gateway.jobs.depth(owner.team_id)
        values = await _values(call, door, parsed, body, terms, gateway)
        known = await _known_where_full(room, values, gateway) or await gateway.jobs.put(values)
        if known is None:
            found = await gateway.jobs.get(values["id"], owner, with_answer=False)
            assert found is not None
            return found, True
    except JobsUnavailableError as error:
        raise away(gateway) from error
    if bytes(known.digest) != values["digest"]:
        told = "This Idempotency-Key was used for another request. Use a new key for what is new."
        raise Refusal("invalid_request", told, param="Idempotency-Key")
    return known, False


async def _known_where_full(room: tuple[int, int], values: dict[str, Any], gateway: Gateway) -> Seen | None:
    """The job of the same Idempotency-Key, which takes no room. Refusal: rate_limited, for a new one where there is none."""
    try:
        _check_room(*room)
    except Refusal:
        idempotency = values["idempotency"]
        known = (
            None if idempotency is None else await gateway.jobs.same(values["application_id"], idempotency)
        )
        if known is None:
            raise
        return known
    return None


def _check_room(number: int, size: int) -> None:
    """Refusal: rate_limited, where a team has as many jobs waiting as it may have."""
    for waiting, most, what in (
        (number, settings.TEAM_JOBS_WAITING, "jobs"),
        (size / 2**20, settings.TEAM_JOBS_WAITING_MB, "MB of jobs"),
    ):
        if waiting >= most:
            told = f"Your team has {most:,} {what} waiting, the most there may be. Try again when some have ended."
            raise Refusal("rate_limited", told, retry_after=60)


async def _look_up(call: Call, gateway: Gateway) -> None:
    """A model or prompt that there is not is told now, not in an hour."""
    if call.request.prompt is not None and (pending := resolve_prompt(call, gateway)) is not None:
        await pending
    if call.fixed_answer is None:
        resolve_route(call, gateway)


def away(gateway: Gateway) -> Refusal:
    """The refusal where jobs can't be read or written."""
    return Refusal(
        "not_auditable",
        "Gatehouse can't keep jobs at the moment, so it takes none. Please try again.",
        retry_after=gateway.postgres_wait,
    )


async def _values(
    call: Call, door: Door, parsed: Parsed, body: bytes, terms: Terms, gateway: Gateway
) -> dict[str, Any]:
    job_id, team, now, inner = new_id(), call.key.team, utc_now(), door.scope
    client = inner.get("client")
    request = JobRequest(
        path=inner["path"],
        raw_path=inner["raw_path"],
        headers=inner["headers"],
        client_ip=client[0] if client else None,
        body=body,
    )
    made = await sealed(request, job_id=job_id, team_id=team.id, keyring=gateway.keyring)
    if made is None:
        raise Refusal(
            "overloaded",
            "The key that jobs of your team are kept under can't be had right now. Try again shortly.",
            retry_after=10,
        )
    name = terms.idempotency_key.encode("utf-8", "replace")
    return {
        "id": job_id,
        "team_id": team.id,
        "application_id": call.key.application_id,
        "api_key_id": call.key.id,
        "path": inner["path"][:400],
        "model": parsed.model[:400].replace("\0", ""),
        "priority": terms.priority,
        "digest": request_digest(
            path=inner["path"].encode("utf-8", "replace"),
            query=b"",
            headers=headers_of(inner),
            body=body,
            secret=team.placeholder_key[:64],
        ),
        "idempotency": _hash(name, team.placeholder_key) if name else None,
        "generation": made[1],
        "request": made[0],
        "now": now,
        "deadline_at": now + timedelta(seconds=terms.deadline_seconds),
        "webhook": terms.webhook,
    }


def _hash(text: bytes, key: bytes) -> bytes:
    return blake2b(text, key=key[:64], digest_size=16).digest()
