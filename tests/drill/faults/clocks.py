"""Clocks that are wrong, by libfaketime; what runs on the monotonic clock goes on as it does where a date is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from accounts.models import Team
from governance.limits.models import LimitRequest
from kernel.clock import utc_now
from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.governance.limits.factories import make_budget, make_request
from tests.services import Server

_LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1")  # fmt: skip


def _library() -> str:
    return next((path for path in _LIBRARIES if Path(path).exists()), "")


def ahead(offset: str) -> dict[str, str]:
    """The environment of a process whose clock is off by so much."""
    return {
        "LD_PRELOAD": _library(),
        "FAKETIME": offset,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Else the library has waits on the monotonic clock end too late or too early, and threads are not given the interpreter in turn.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }


class _Clock(Fault):
    def missing(self) -> str:
        return "" if _library() else "the package faketime is not installed"


class GatewayAhead(_Clock):
    name = "gateway's clock two days ahead"
    does = "a gateway's host believes it is the day after tomorrow; a key is revoked meanwhile"
    revokes = True
    offset = "+2d"
    stays_unready = True

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        server = ground.gateway(env=ahead(self.offset), ready_at="/healthz")  # it is not ready, and says why
        try:
            yield [server]
        finally:
            server.stop()


class GatewayBehind(GatewayAhead):
    name = "gateway's clock two days behind"
    does = "the same, the day before yesterday"
    offset = "-2d"


class WorkerAhead(_Clock):
    name = "worker's clock two days ahead"
    does = "Celery's worker and beat believe it is the day after tomorrow for 30 s, while things end tomorrow"
    revokes = True
    seconds = 30.0

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        self._request = ground.stack.make(_end_tomorrow)
        with ground.stack.connect() as connection:
            connection.execute("SET session_replication_role = replica")  # bodies are not changed, else
            self._bodies = connection.execute(_BODIES).rowcount
        with ground.working(**ahead("+2d")):
            yield

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        state = ground.stack.make(lambda: LimitRequest.objects.get(pk=self._request).state)
        kept = ground.world.execute(
            "SELECT count(*) FROM governance_auditcontent WHERE kept_until IS NOT NULL"
        )
        return [f"a request that ends tomorrow is {state}, bodies {self._bodies} -> {kept[0]['count']}"]


_BODIES = """
    UPDATE governance_auditcontent SET kept_until = now() + interval '1 day'
    WHERE call_id IN (SELECT call_id FROM governance_auditcontent ORDER BY call_id LIMIT 10)"""
"""Ten bodies whose time is over tomorrow."""


def _end_tomorrow() -> int:
    team = Team.objects.get(name="Drill")
    return make_request(make_budget(team, end_user="nobody"), ends_at=utc_now() + timedelta(days=1)).pk


FAULTS = (GatewayAhead(), GatewayBehind(), WorkerAhead())
