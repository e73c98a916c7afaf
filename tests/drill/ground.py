"""An instance of the drill's own: durable, with gateways whose role in Postgres is no superuser, as in production."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import sql

from embedded.child import Child
from embedded.waiting import stop_all
from tests.drill.background import background, start_all
from tests.drill.load import TOKENS_PER_SECOND, Caller
from tests.e2e.conftest import World
from tests.governance.limits.factories import DOLLAR
from tests.sentinel import Watched, watched
from tests.services import PASSWORD, Server, Stack, temporary_folder, until
from tests.standby import Pair, pair

REGIONS = ("us-east-1", "us-west-2")
ROLE = "gateway"
_HARD_NANOS = DOLLAR // 40
"""A budget that runs out while the drill goes on."""
_OWN_ALL = f"""
    DO $$ DECLARE each text; BEGIN
        FOR each IN SELECT format('TABLE %s', oid::regclass) FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                    UNION ALL SELECT format('TABLE %s', oid::regclass) FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relispartition
                    UNION ALL SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
                    WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'gatehouse%'
        LOOP EXECUTE 'ALTER ' || each || ' OWNER TO {ROLE}'; END LOOP;
    END $$"""


class Ground:
    """The stack, who calls, and gateways on it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.world = World(stack, None, "")  # type: ignore[arg-type]
        self._usual: Server | None = None
        self._hard = 0
        with stack.connect() as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(ROLE), sql.Literal(PASSWORD)
                )
            )
            connection.execute(f"GRANT ALL ON SCHEMA public TO {ROLE}")
            connection.execute(_OWN_ALL)
        parts = urlsplit(stack.postgres)
        self.database_url = f"postgres://{ROLE}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}{parts.path}"
        self.key = self.world.new_key(team="Drill")
        self.world.set_budget(team="Drill", limit_nanos=10**15)
        self.world.set_rate_limit(team="Drill", metric="requests", limit=100_000)
        _ = stack.simulator
        self.pace()
        self.pair: Pair | None = None
        self.watched: Watched | None = None
        self.background: list[Child] = []
        """Celery's worker and beat."""

    def pace(self) -> None:
        """Puts the model back to its usual pace, and all its faults away."""
        for region in REGIONS:
            self.world.fault(region, tokens_per_second=TOKENS_PER_SECOND)

    @property
    def usual(self) -> Server:
        """The gateway that lives through all faults which need no other."""
        if self._usual is None:
            self._usual = self.gateway()
        return self._usual

    def gateway(
        self, *, workers: int = 1, env: Mapping[str, str] | None = None, ready_at: str = "/readyz"
    ) -> Server:
        env = {"DATABASE_URL": self.database_url, **(env or {})}
        return self.stack.gateway(workers=workers, env=env, ready_at=ready_at)

    def callers(self, *, streams: int = 6, whole: int = 4) -> list[Caller]:
        """Streams of three seconds and answers of half a second, and two callers whose hard budget runs out."""
        self._hard += 1
        team = f"Hard {self._hard}"
        hard = self.world.new_key(team=team)
        self.world.set_budget(team=team, limit_nanos=_HARD_NANOS)
        return [
            *(Caller(self.key, 3 * TOKENS_PER_SECOND, is_stream=True) for _ in range(streams)),
            *(Caller(self.key, TOKENS_PER_SECOND // 2, is_stream=False) for _ in range(whole)),
            *(Caller(hard, TOKENS_PER_SECOND, is_stream=False, is_hard=True) for _ in range(2)),
        ]

    def revive(self) -> list[str]:
        """Starts again what of the background work has ended, as whoever supervises it does; what that was."""
        ended = [child for child in self.background if not child.is_alive()]
        start_all(ended)
        return [child.command.name for child in ended]

    def settle(self, *, seconds: float = 75.0) -> int:
        """Waits until nothing is held any more: the worker expires what processes that died have held. How many are left."""
        held = "SELECT 1 FROM governance_hold"
        try:
            until(lambda: not self.world.execute(held), seconds=seconds, what="the last settlement")
        except AssertionError:
            return len(self.world.execute(held))
        return 0

    @contextmanager
    def working(self, **environment: str) -> Iterator[None]:
        """With a worker for all queues, and beat, in the place of those that run."""
        environment = {"DATABASE_URL": self.database_url, **environment}
        before, made = self.background, background(self.stack.environment(**environment), self.stack.data_dir)
        stop_all(before)
        self.background = made
        try:
            start_all(made)
            yield
        finally:
            stop_all(made)
            self.background = before
            start_all(before)


@contextmanager
def ground(folder: Path | None = None) -> Iterator[Ground]:
    """One in a folder, or in a temporary one."""
    at = folder or temporary_folder()
    with Stack(at, durable=True) as stack:
        stack.manage("load_catalog")
        made = Ground(stack)
        with made.working():
            yield made
    if folder is None:
        shutil.rmtree(at, ignore_errors=True)


@contextmanager
def paired_ground() -> Iterator[Ground]:
    """One whose Postgres and Valkey have each another that follows it. Whoever connects is led to the primary."""
    at = temporary_folder()
    with (
        Stack(at, durable=True) as stack,
        pair(stack, at / "standby") as postgres,
        watched(stack, at / "replica") as valkey,
    ):
        stack.manage("load_catalog")
        stack.postgres = f"{postgres.url}?target_session_attrs=read-write"
        stack.valkey = valkey.address
        made = Ground(stack)
        made.pair, made.watched = postgres, valkey
        with made.working():
            yield made
    shutil.rmtree(at, ignore_errors=True)
