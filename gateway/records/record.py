"""PURE: a call as the columns of its audit record."""

from typing import Any

from gateway.call import Call
from gateway.records.told import message_of, model_of
from gateway.refusals import status_in

_CLIENT_CLOSED = 499
"""The status that proxies log for a client that left; nobody receives it."""


def full_record(call: Call) -> dict[str, Any]:
    """Every column of the record of a call that has ended."""
    refusal, usage = call.refusal, call.reply.usage
    return {
        **_admitted(call),
        "call_id": call.id,
        "started_at": call.started_at,
        "status": call.status,
        "http_status": _http_status(call),
        "code": refusal.code if refusal else "",
        "message": clean(message_of(call, refusal), 2000) if refusal else "",
        "upstream_request_id": call.reply.upstream_request_id,
        "attempts": call.reply.attempts,
        "stop_reason": call.reply.stop_reason,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "images": call.charge.images,
        "price_id": call.charge.price_id,
        "prompt_digest": call.sent.prompt_digest,
        "prefix_digest": call.sent.prefix_digest,
        "prefix_tokens": call.sent.prefix_tokens,
        "reserved_nanos": call.hold.nanos if call.hold else 0,
        "cost_nanos": call.charge.cost_nanos,
        "cache_saved_nanos": call.charge.cache_saved_nanos,
        "is_estimated": call.charge.is_estimated,
        "duration_ms": round(call.elapsed_ms(), 3),
        "first_token_ms": None if call.reply.first_token_ms is None else round(call.reply.first_token_ms, 3),
        "checks": _checks(call),
        "is_flagged": call.checks.is_flagged,
        "body": call.stored.state,
        "body_until": call.stored.until,
        "stages": [(name, round(milliseconds, 3), outcome) for name, milliseconds, outcome in call.stages],
    }


def _checks(call: Call) -> dict[str, Any]:
    found = call.checks.as_json()
    if call.cache is not None and call.cache.outcome:
        found["cache"] = call.cache.as_json(is_refused=call.refusal is not None)
    if call.has_deployment:
        found["routing"] = call.decision.as_json()
    return found if call.request.trace is None else found | {"trace": call.request.trace.parent}


def admission_record(call: Call) -> dict[str, Any]:
    """Every column as it stands at admission; what an expired call's record is made of."""
    return {**_admitted(call), "checks": _checks(call)}


def _admitted(call: Call) -> dict[str, Any]:
    key = call.key if call.is_authenticated else None
    deployment = call.deployment if call.has_deployment else None
    return {
        "team_id": key.team.id if key else None,
        "application_id": key.application_id if key else None,
        "api_key_id": key.id if key else None,
        "feature": call.request.feature,
        "end_user": call.request.end_user,
        "session": call.request.session,
        "wire_format": call.request.wire_format,
        "is_stream": call.request.is_stream,
        "http_status": _CLIENT_CLOSED,
        "code": "",
        "message": "",
        "requested_model": clean(model_of(call), 300),
        "route": call.routed.route.name if call.is_routed else "",
        "model": deployment.model_id if deployment else "",
        "provider": deployment.account.provider if deployment and deployment.account else "",
        "region": deployment.region if deployment else "",
        "invoke_id": deployment.invoke_id if deployment else "",
        "upstream_request_id": "",
        "attempts": 0,
        "stop_reason": "",
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "counted_input_tokens": call.bounds.counted_input_tokens,
        "max_tokens": call.bounds.max_tokens,
        "tier": call.tier,
        "first_token_ms": None,
        "stages": [],
        "findings": call.redacted.findings if call.is_redacted else {},
        "is_flagged": call.checks.is_flagged,
        "request_id": call.request.request_id,
        "client_ip": call.request.client_ip,
        "is_demo": False,
        **_prompt_record(call),
    }


def _prompt_record(call: Call) -> dict[str, Any]:
    """Which prompt was run; nothing where none was: Postgres fills in the rest."""
    if not call.has_prompt:
        return {}
    run = call.prompt
    return {
        "prompt_id": run.prompt.id,
        "prompt_name": run.prompt.name,
        "prompt_version": run.version.number if run.version else None,
        "prompt_label": clean(run.label, 50),
        "prompt_run": run.as_json(),
    }


def clean(text: str, most: int) -> str:
    """Text as Postgres takes it: no NUL, no lone surrogates, not over `most` characters."""
    return text[:most].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _http_status(call: Call) -> int:
    if call.refusal is not None:
        return status_in(call.refusal, call.request.wire_format)
    return _CLIENT_CLOSED if call.is_cancelled else 200
