"""Clocks that are wrong; what runs on the monotonic clock goes on as it does where a date is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from accounts.models import Team
from governance.limits.models import LimitRequest
from kernel.clock import utc_now
from tests.drill.clock import DAYS, HostClock, missing
from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.governance.limits.factories import make_budget, make_request
from tests.services import Server


class _Clock(Fault):
    def missing(self) -> str:
        return missing()


class GatewayAhead(_Clock):
    name = "gateway's clock two days ahead"
    does = "a gateway's host believes it is the day after tomorrow; a key is revoked meanwhile"
    revokes = True
    days = 2
    stays_unready = True

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        server = ground.gateway(
            env=HostClock(self.days * DAYS).environment, ready_at="/healthz"
        )  # it is not ready, and says why
        try:
            yield [server]
        finally:
            server.stop()


class GatewayBehind(GatewayAhead):
    name = "gateway's clock two days behind"
    does = "the same, the day before yesterday"
    days = -2


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
        with ground.working(**HostClock(2 * DAYS).environment):
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
