"""PURE: the headers of an answer."""

from datetime import datetime, timedelta

from gateway.call import Call
from gateway.refusals import BEDROCK_FORMATS, Refusal
from gateway.routing.decision import sentence_of
from kernel.money import plain_usd

JSON = "application/json"


def call_headers(call: Call, *, with_cost: bool) -> dict[str, str]:
    """What every answer says of its call. The cost is known, and so sent, only when the call has ended."""
    headers = id_headers(call.request.request_id, call.request.wire_format)
    headers["x-gatehouse-call-id"] = str(call.id)
    if call.request.trace is not None:
        headers |= call.request.trace.headers()
    if call.request.wire_format == "invoke" and call.refusal is None:
        headers |= _of_invoke(call, has_ended=with_cost)
    if call.has_deployment:
        headers["x-gatehouse-model"] = call.deployment.model_id
        headers["x-gatehouse-region"] = call.deployment.region
        headers["x-gatehouse-decision"] = sentence_of(call)
    if call.cache is not None and call.cache.outcome:
        headers["x-gatehouse-cache"] = call.cache.header()
    if call.checks.adjusted:
        headers["x-gatehouse-adjusted"] = ", ".join(call.checks.adjusted)
    if call.checks.loop:
        headers["x-gatehouse-loop"] = call.checks.loop
    if with_cost:
        headers["x-gatehouse-cost-usd"] = plain_usd(call.charge.cost_nanos)
    if call.taken.rates:
        headers |= _rate_headers(call, "requests") | _rate_headers(call, "tokens")
    return headers


def id_headers(request_id: str, wire_format: str) -> dict[str, str]:
    """The request's id, also where the format's own SDKs look for it. botocore takes `RequestId` from `x-amzn-requestid`."""
    headers = {"x-request-id": request_id}
    if wire_format == "anthropic":
        headers["request-id"] = request_id
    elif wire_format in BEDROCK_FORMATS:
        headers["x-amzn-requestid"] = request_id
    return headers


def _of_invoke(call: Call, *, has_ended: bool) -> dict[str, str]:
    """What Bedrock's own answers of InvokeModel have. Source: botocore's models of `bedrock-runtime`, InvokeModelResponse."""
    headers: dict[str, str] = {}
    if call.conversation.performance_config is not None:
        headers["x-amzn-bedrock-performanceconfig-latency"] = (
            "optimized" if call.tier == "optimized" else "standard"
        )
    if call.conversation.service_tier is not None:
        headers["x-amzn-bedrock-service-tier"] = call.tier or "default"
    if call.request.is_stream:
        return headers | {"x-amzn-bedrock-content-type": JSON}
    if not has_ended:
        return headers
    used = call.reply.usage
    headers["x-amzn-bedrock-input-token-count"] = str(used.input)
    headers["x-amzn-bedrock-output-token-count"] = str(used.output)
    headers["x-amzn-bedrock-invocation-latency"] = str(round(call.elapsed_ms()))
    if used.cache_read or used.cache_write or used.cache_write_1h:
        headers["x-amzn-bedrock-cache-read-input-token-count"] = str(used.cache_read)
        headers["x-amzn-bedrock-cache-write-input-token-count"] = str(used.cache_write + used.cache_write_1h)
    return headers


def _rate_headers(call: Call, metric: str) -> dict[str, str]:
    """The limit on this metric that has the least left, as the caller's own API says it.

    Sources: "Rate limits in headers" in OpenAI's API reference, "Response headers" under "Rate limits" in Anthropic's.
    """
    tightest = min(
        (rate for rate in call.taken.rates if rate[0] == metric),
        key=lambda rate: rate[3] / rate[2],
        default=None,
    )
    if tightest is None:
        return {}
    _, period_ms, limit, remaining = tightest
    full_after_ms = period_ms if remaining < limit else 0
    if call.request.wire_format == "anthropic":
        return {
            f"anthropic-ratelimit-{metric}-limit": str(limit),
            f"anthropic-ratelimit-{metric}-remaining": str(remaining),
            f"anthropic-ratelimit-{metric}-reset": _moment(call.started_at, full_after_ms),
        }
    return {
        f"x-ratelimit-limit-{metric}": str(limit),
        f"x-ratelimit-remaining-{metric}": str(remaining),
        f"x-ratelimit-reset-{metric}": _duration(full_after_ms),
    }


def _moment(begin: datetime, milliseconds: int) -> str:
    """As Anthropic writes moments (RFC 3339): `2026-01-31T08:15:00Z`."""
    return f"{begin + timedelta(milliseconds=milliseconds):%Y-%m-%dT%H:%M:%SZ}"


def _duration(milliseconds: int) -> str:
    """As OpenAI writes durations: `1s`, `6m0s`, `24h0m0s`."""
    seconds = milliseconds // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours}h{minutes}m{seconds % 60}s"
    return f"{minutes}m{seconds % 60}s" if minutes else f"{seconds}s"


def refusal_headers(refusal: Refusal) -> dict[str, str]:
    """`Retry-After` in seconds where waiting helps; where nothing does, what keeps OpenAI's and Anthropic's SDKs from
    trying again what they else would, by its status."""
    headers: dict[str, str] = {}
    if refusal.retry_after is not None:
        # AWS's SDKs of 2026 obey the second one (aws/aws-sdk-go-v2#3400), in milliseconds.
        headers = {
            "retry-after": str(refusal.retry_after),
            "x-amz-retry-after": str(refusal.retry_after * 1000),
        }
    return headers if refusal.may_retry else headers | {"x-should-retry": "false"}


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
