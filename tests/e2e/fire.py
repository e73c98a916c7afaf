"""The ledger under fire: gateways and Postgres killed at random moments, models failing, callers leaving, budgets full."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.e2e.callers import Caller, Callers
from tests.e2e.conftest import MODEL, World
from tests.services import Server, until

OTHER_MODEL = "claude-haiku-4-5"
_REGIONS = ("us-east-1", "us-west-2")
_PACE = {
    "tokens_per_second": 400,
    "cut_after_events": None,
    "corrupt_after_events": None,
    "outage": False,
    "throttle_rate": 0,
    "latency_ms": 0,
}
"""So that streams last long enough to be left, and each fault heals the one before."""
TENTH_OF_A_CENT = 1_000_000
BUDGETS = (
    {"team": None, "limit_nanos": 400 * TENTH_OF_A_CENT},
    {"team": None, "limit_nanos": 150 * TENTH_OF_A_CENT, "period": "day", "per": "end_user"},
    {"team": None, "limit_nanos": 250 * TENTH_OF_A_CENT, "period": "total", "model": MODEL},
    {"team": None, "limit_nanos": 10 * TENTH_OF_A_CENT, "period": "week", "is_hard": False},
    {"team": "Red", "limit_nanos": 200 * TENTH_OF_A_CENT},
    {"team": "Red", "limit_nanos": 90 * TENTH_OF_A_CENT, "period": "day", "feature": "search"},
    {"team": "Red", "limit_nanos": 120 * TENTH_OF_A_CENT, "period": "quarter", "per": "feature"},
    {"team": "Blue", "limit_nanos": 150 * TENTH_OF_A_CENT, "period": "year"},
    {"team": "Blue", "limit_nanos": 60 * TENTH_OF_A_CENT, "period": "month", "end_user": "user-1"},
    {
        "team": "Blue",
        "limit_nanos": 140 * TENTH_OF_A_CENT,
        "period": "total",
        "time_zone": "Europe/Berlin",
        "per": "model",
    },
)
"""Ten budgets that overlap: every call falls under three to eight of them."""


@dataclass
class Report:
    """What happened."""

    seed: int
    seconds: float
    outcomes: Counter[str]
    deeds: Counter[str]
    records: int
    statuses: dict[str, int]
    overspend_nanos: int
    held: int
    missing: int

    def __str__(self) -> str:
        calls = sum(self.outcomes.values())
        return (
            f"seed {self.seed}, {self.seconds:.0f} s, {calls:,} calls heard of ({dict(self.outcomes)}), "
            f"done to it: {dict(self.deeds)}; {self.records:,} records ({self.statuses}); "
            f"overspend ${self.overspend_nanos / 1e9:.9f}, holds left {self.held}, calls without a record {self.missing}"
        )


class Fire:
    """Sets it all up on a world, and burns for so many seconds."""

    def __init__(self, world: World, *, seed: int, gateways: int = 4, callers: int = 200) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._seed = seed
        self._gateways: list[Server] = [world.server]
        self._gateways += [world.stack.gateway() for _ in range(gateways - 1)]
        self._deeds: Counter[str] = Counter()
        keys = {team: [world.new_key(team=team) for _ in range(2)] for team in ("Red", "Blue")}
        for budget in BUDGETS:
            world.set_budget(**budget)  # type: ignore[arg-type]
        people = [
            Caller(
                self._dice.choice(keys[team]),
                {
                    "x-gatehouse-end-user": f"user-{number % 7}",
                    "x-gatehouse-feature": ("search", "chat", "")[number % 3],
                },
                (MODEL, OTHER_MODEL),
            )
            for number in range(42)
            for team in ("Red", "Blue")
        ]
        self._callers = Callers([g.url for g in self._gateways], people, callers, seed=seed)
        until(lambda: world.post(key=keys["Blue"][1], json=_hello()).status_code == 200, what="the last key")

    def burn(self, *, seconds: float, pause: tuple[float, float]) -> Report:
        """Calls from all callers while something happens every few moments; then the sweep, and the sums."""
        begun = time.monotonic()
        for region in _REGIONS:
            self._world.fault(region, **_PACE)
        with self._callers.running():
            for deed in self._deck():
                time.sleep(self._dice.uniform(*pause))
                if time.monotonic() - begun > seconds:
                    break
                deed()
                self._deeds[deed.__name__.lstrip("_").replace("_", " ")] += 1
            self._world.heal()
        self._sweep()
        return self._report(time.monotonic() - begun)

    def _deck(self) -> Iterator[Callable[[], None]]:
        """What to do next: in random order, each as often as it is meant to come."""
        deeds = [
            self._kill_gateway,
            self._kill_gateway,
            self._kill_postgres,
            self._fault,
            self._fault,
            self._raise,
        ]
        while True:
            self._dice.shuffle(deeds)
            yield from deeds

    def _kill_gateway(self) -> None:
        gateway = self._dice.choice(self._gateways)
        gateway.kill()
        gateway.start()

    def _kill_postgres(self) -> None:
        self._world.stack.restart("postgres", signal.SIGKILL)

    def _fault(self) -> None:
        settings = self._dice.choice(
            (
                {"throttle_rate": 0.4},
                {"outage": True},
                {"cut_after_events": 9, "tokens_per_second": 300},
                {"corrupt_after_events": 9, "tokens_per_second": 300},
                {"latency_ms": 200},
                {"tokens_per_second": 400},
            )
        )
        region = self._dice.choice(_REGIONS)
        self._world.fault(region, **{**_PACE, **settings})

    def _raise(self) -> None:
        """Room for more calls, so that budgets fill again and again."""
        self._world.execute("UPDATE governance_budget SET limit_nanos = limit_nanos * 5 / 4")

    def _sweep(self) -> None:
        """The sweep, as Celery beat runs it; the heartbeats of the dead are made old instead of waited for."""
        alive = "heartbeat_at > now() - interval '8 seconds'"
        time.sleep(9)
        self._world.execute(
            f"UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' WHERE NOT {alive}"
        )

        def is_clean() -> bool:
            self._world.execute("SELECT count(*) FROM gatehouse_expire(30, 500)")
            return not self._world.execute("SELECT 1 FROM governance_hold LIMIT 1")

        until(is_clean, seconds=60, what="the end of all holds")

    def _report(self, seconds: float) -> Report:
        execute = self._world.execute
        over = execute(
            "SELECT coalesce(sum(greatest(0, win.spent_nanos + win.reserved_nanos - budget.limit_nanos)), 0)::bigint AS total "
            "FROM governance_budgetwindow win JOIN governance_budget budget ON budget.id = win.budget_id WHERE budget.is_hard"
        )
        found = {str(row["call_id"]) for row in execute("SELECT call_id FROM governance_auditrecord")}
        statuses = execute(
            "SELECT status, count(*) AS number FROM governance_auditrecord GROUP BY 1 ORDER BY 1"
        )
        succeeded = {
            str(row["call_id"])
            for row in execute("SELECT call_id FROM governance_auditrecord WHERE status = 'succeeded'")
        }
        missing = (self._callers.known - found) | (self._callers.answered - succeeded)
        return Report(
            seed=self._seed,
            seconds=seconds,
            outcomes=self._callers.outcomes,
            deeds=self._deeds,
            records=len(found),
            statuses={row["status"]: row["number"] for row in statuses},
            overspend_nanos=over[0]["total"],
            held=len(execute("SELECT 1 FROM governance_hold")),
            missing=len(missing),
        )


def _hello() -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
