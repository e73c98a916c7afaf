"""/healthz: the process answers. /readyz: it can take calls, and what of its surroundings is missing."""

import asyncio

import orjson
import redis.asyncio as redis
from django.conf import settings
from django.http import HttpResponse
from redis.exceptions import RedisError

from gateway.formats.outgoing import JSON
from gateway.runtime import Gateway

_TIMEOUT_SECONDS = 2.0


def health() -> HttpResponse:
    return HttpResponse(b'{"status":"ok"}', content_type=JSON)


async def readiness(gateway: Gateway | None) -> HttpResponse:
    """200 when calls can be taken, else 503. Valkey is reported, but no call needs it yet."""
    postgres = gateway is not None and gateway.is_ready and await gateway.ledger.ping(_TIMEOUT_SECONDS)
    checks = {"postgres": postgres, "snapshot": gateway is not None and gateway.snapshot.built_at is not None}
    is_ready = all(checks.values())
    checks["valkey"] = await _valkey_answers()
    body = {
        "status": "ready" if is_ready else "not ready",
        "checks": {name: "ok" if passed else "failed" for name, passed in checks.items()},
    }
    return HttpResponse(orjson.dumps(body), status=200 if is_ready else 503, content_type=JSON)


async def _valkey_answers() -> bool:
    client = redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return bool(await client.ping())
    except (RedisError, OSError, TimeoutError):
        return False
    finally:
        await client.aclose()
