"""A batch is taken in: its terms are read, its file is there, and it is durable before its id is told."""

from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.conf import settings

from gateway.batches.policy.names import batch_name, file_id_of
from gateway.batches.policy.terms import WINDOW_SECONDS, Terms, TermsError, terms_of
from gateway.batches.services.batch_store import BatchSeen
from gateway.call import Call
from gateway.call.idempotency import given_key, request_digest
from gateway.call.job import JobRequest
from gateway.entrances.batches.files import whose
from gateway.entrances.formats.incoming import Scope, check_tags, headers_of
from gateway.entrances.jobs.asked import inner_scope
from gateway.records.job_seals import sealed
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.clock import utc_now
from kernel.ids import new_id

_KEPT = (b"x-gatehouse-", b"user-agent", b"traceparent", b"tracestate")
"""Headers that go with its calls, by their beginnings."""


async def batch_accepted(call: Call, scope: Scope, body: bytes, gateway: Gateway) -> BatchSeen:
    """The batch; with the same Idempotency-Key and terms, the one that there is. Refusals: invalid_request, rate_limited.

    Raises BatchesUnavailableError, FilesUnavailableError.
    """
    headers = headers_of(scope)
    check_tags(headers)
    terms = _terms(body)
    idempotency_key = given_key(headers) or b""
    mine = whose(call.key.team.id, call.key.application_id)
    values = await _values(call, scope, body, terms, idempotency_key, gateway)
    if idempotency_key and (known := await gateway.batches.same(values["idempotency"], **mine)) is not None:
        return _same(known, values["digest"])
    file_id = file_id_of(terms.input_file)
    if file_id is None or await gateway.files.get(file_id, **mine) is None:
        told = f"'input_file_id': there is no file '{terms.input_file[:100]}', or it has been deleted since."
        raise Refusal("invalid_request", told, param="input_file_id")
    if await gateway.batches.open_of(call.key.team.id) >= settings.TEAM_BATCHES:
        told = f"Your team has {settings.TEAM_BATCHES:,} batches under way, the most there may be. Try again when some have ended."
        raise Refusal("rate_limited", told, retry_after=60)
    if await gateway.batches.put({**values, "input_file": file_id}):
        found = await gateway.batches.get(values["id"], **mine)
        assert found is not None
        return found
    known = await gateway.batches.same(values["idempotency"], **mine)
    if known is None:
        raise Refusal("overloaded", "The batch of this key has just been deleted.", retry_after=1)
    return _same(known, values["digest"])


def missing_batch(name: str) -> Refusal:
    return Refusal("not_found", f"No batch found with id '{name[:100]}'.", param="id", may_retry=False)


async def stopped(batch: BatchSeen, gateway: Gateway) -> None:
    """Cancels a batch. Refusal: invalid_request, for one that has ended."""
    if await gateway.batches.stop(batch.id, state="cancelling", ending="cancelled"):
        return
    if batch.state != "cancelling":
        told = f"{batch_name(batch.id)} can't be cancelled: it is {batch.state}."
        raise Refusal("invalid_request", told, param="id")


def _same(known: BatchSeen, digest: bytes) -> BatchSeen:
    if bytes(known.digest) != digest:
        told = "This Idempotency-Key was used for another batch. Use a new key for what is new."
        raise Refusal("invalid_request", told, param="Idempotency-Key")
    return known


def _terms(body: bytes) -> Terms:
    try:
        return terms_of(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Refusal("invalid_request", "The body is not valid JSON.") from error
    except TermsError as error:
        raise Refusal("invalid_request", str(error), param=error.param or None) from error


async def _values(
    call: Call, scope: Scope, body: bytes, terms: Terms, idempotency_key: bytes, gateway: Gateway
) -> dict[str, Any]:
    batch_id, team, now = new_id(), call.key.team, utc_now()
    client = scope.get("client")
    request = JobRequest(
        path=terms.endpoint,
        raw_path=terms.endpoint.encode(),
        headers=[(name, value) for name, value in inner_scope(scope)["headers"] if name.startswith(_KEPT)],
        client_ip=client[0] if client else None,
        body=b"",
    )
    made = await sealed(request, job_id=batch_id, team_id=team.id, keyring=gateway.keyring)
    if made is None:
        told = "The key that batches of your team are kept under can't be had right now. Try again shortly."
        raise Refusal("overloaded", told, retry_after=10)
    return {
        "id": batch_id, "team": team.id, "application": call.key.application_id, "api_key": call.key.id,
        "endpoint": terms.endpoint, "metadata": terms.metadata, "generation": made[1], "request": made[0],
        "digest": request_digest(
            path=terms.endpoint.encode(), query=b"", headers=headers_of({"headers": request.headers}), body=body,
            secret=team.placeholder_key[:64],
        ),
        "idempotency": _hash(idempotency_key, team.placeholder_key) if idempotency_key else None,
        "output_seconds": terms.output_seconds, "now": now, "deadline_at": now + timedelta(seconds=WINDOW_SECONDS),
    }  # fmt: skip


def _hash(text: bytes, key: bytes) -> bytes:
    return blake2b(text, key=key[:64], digest_size=16).digest()
