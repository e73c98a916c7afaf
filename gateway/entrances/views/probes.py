"""/healthz: the process answers. /readyz: it can take calls, and what is missing around it. /metrics: what it counts."""

from secrets import compare_digest

import orjson
from django.conf import settings
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.metrics_board import MetricsBoard
from gateway.entrances.readiness import Readiness, State
from gateway.metrics.families import text
from gateway.runtime import Gateway


def health() -> HttpResponse:
    return HttpResponse(b'{"status":"ok"}', content_type=JSON)


def welcome() -> HttpResponse:
    """For programs that look whether anybody is there, as Claude Code does; people's browsers are sent to the pages."""
    return HttpResponse(b'{"service":"gatehouse"}', content_type=JSON)


def readiness(found: Readiness | None, gateway: Gateway | None, waits_for: str = "") -> HttpResponse:
    """200 when calls can be taken, made and recorded, else 503. Without Valkey they can: rate limits are kept by shares, and it
    says so. `waits_for` is what a process that starts waits for."""
    state = State() if found is None else found.state
    checks = {name: state.checks.get(name, False) for name in ("postgres", "snapshot")} | {
        "valkey": state.valkey
    }
    body = {
        "status": "ready" if state.is_ready else "not ready",
        "checks": _told(checks),
        "process": _told(state.process),
        "rate_limits": _rate_limits(gateway),
        "partitions": _partitions(gateway),
        "background": state.background,
        "warnings": state.warnings or [waits_for] * bool(waits_for),
        "late": state.late,
    }
    return HttpResponse(orjson.dumps(body), status=200 if state.is_ready else 503, content_type=JSON)


def _told(checks: dict[str, bool]) -> dict[str, str]:
    return {name: "ok" if passed else "failed" for name, passed in checks.items()}


def _rate_limits(gateway: Gateway | None) -> str:
    if gateway is None or gateway.limiter.is_shared:
        return "shared"
    rank, processes = gateway.ledger.members
    return f"local: Valkey can't be reached, this is process {rank + 1} of {processes} and keeps to its share"


def _partitions(gateway: Gateway | None) -> str:
    if gateway is None or not gateway.ledger.strays:
        return "ok"
    return f"{gateway.ledger.strays} records are in no month's partition: is Celery beat running, are clocks right?"


def metrics_refusal(headers: dict[bytes, bytes]) -> HttpResponse | None:
    """Why somebody may not read the metrics: they are for who sends the token of GATEHOUSE_METRICS_TOKEN as a bearer, without
    one for `make run`."""
    token = settings.GATEWAY_METRICS_TOKEN
    sent = headers.get(b"authorization", b"")
    if not token and not settings.EMBEDDED:
        return HttpResponse(
            b"Set GATEHOUSE_METRICS_TOKEN to switch this on.\n", status=404, content_type="text/plain"
        )
    if token and not compare_digest(sent, b"Bearer " + token.encode()):
        return HttpResponse(b"Send the metrics token as a bearer.\n", status=401, content_type="text/plain")
    return None


async def metrics(board: MetricsBoard | None, headers: dict[bytes, bytes]) -> HttpResponse:
    """Prometheus' metrics, of all processes of this instance."""
    if (refused := metrics_refusal(headers)) is not None:
        return refused
    if board is None:
        return HttpResponse(b"Gatehouse is starting.\n", status=503, content_type="text/plain")
    return HttpResponse(text(await board.gathered()), content_type=CONTENT_TYPE_LATEST)
