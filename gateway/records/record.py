"""PURE: a call as the columns of its audit record."""

from typing import Any

from gateway.call import Call

_CLIENT_CLOSED = 499
"""The status that proxies log for a client that left; nobody receives it."""


def full_record(call: Call) -> dict[str, Any]:
    """Every column of the record of a call that has ended."""
    refusal, usage = call.refusal, call.usage
    return {
        **admission_record(call),
        "call_id": call.id,
        "started_at": call.started_at,
        "status": call.status,
        "http_status": _http_status(call),
        "code": refusal.code if refusal else "",
        "message": clean(refusal.message, 2000) if refusal else "",
        "upstream_request_id": call.upstream_request_id,
        "attempts": call.attempts,
        "stop_reason": call.stop_reason,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "images": call.images,
        "price_id": call.price_id,
        "prompt_digest": call.prompt_digest,
        "prefix_digest": call.prefix_digest,
        "prefix_tokens": call.prefix_tokens,
        "reserved_nanos": call.hold_nanos,
        "cost_nanos": call.cost_nanos,
        "is_estimated": call.is_estimated,
        "duration_ms": round(call.elapsed_ms(), 3),
        "first_token_ms": None if call.first_token_ms is None else round(call.first_token_ms, 3),
        "checks": call.checks.as_json(),
        "is_flagged": call.checks.is_flagged,
        "body": call.body,
        "body_until": call.body_until,
        "stages": [(name, round(milliseconds, 3), outcome) for name, milliseconds, outcome in call.stages],
    }


def admission_record(call: Call) -> dict[str, Any]:
    """Every column as it stands at admission; what an expired call's record is made of."""
    key, deployment = call.key, call.deployment
    return {
        "team_id": key.team.id if key else None,
        "application_id": key.application_id if key else None,
        "api_key_id": key.id if key else None,
        "feature": call.feature,
        "end_user": call.end_user,
        "wire_format": call.wire_format,
        "is_stream": call.is_stream,
        "http_status": _CLIENT_CLOSED,
        "code": "",
        "message": "",
        "requested_model": clean(call.requested_model, 300),
        "route": call.route.name if call.route else "",
        "model": deployment.model_id if deployment else "",
        "region": deployment.region if deployment else "",
        "invoke_id": deployment.invoke_id if deployment else "",
        "upstream_request_id": "",
        "attempts": 0,
        "stop_reason": "",
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "counted_input_tokens": call.counted_input_tokens,
        "max_tokens": call.max_tokens,
        "tier": call.tier,
        "first_token_ms": None,
        "stages": [],
        "findings": call.findings,
        "checks": call.checks.as_json(),
        "is_flagged": call.checks.is_flagged,
        "request_id": call.request_id,
        "client_ip": call.client_ip,
        "is_demo": False,
        **_prompt_record(call),
    }


def _prompt_record(call: Call) -> dict[str, Any]:
    """Which prompt was run; nothing where none was: Postgres fills in the rest."""
    run = call.prompt
    if run is None:
        return {}
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
        return call.refusal.status
    return _CLIENT_CLOSED if call.is_cancelled else 200
