"""The soak: faults with pauses between, and what became of every call."""

import random
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.drill.fault import Fault
from tests.drill.load import TOKENS_PER_SECOND, Caller
from tests.drill.measure import Row, given_up_in, judge_records, log_since, log_sizes
from tests.drill.phases.ground import PhaseGround, phase_ground
from tests.drill.phases.kinds import Kind
from tests.drill.soak.callers import SdkLoad, Tried
from tests.drill.soak.faults import SOAKED
from tests.services import Server

_STREAMS, _WHOLE = 10, 20
_SECONDS, _PAUSE = (2.0, 10.0), (6.0, 20.0)
_BEHIND = 20.0
"""A call that failed so long behind a fault still belongs to it: what it hit may be cut later."""
_UPSTREAM = ("upstream_error", "upstream_throttled", "upstream_timeout")
GOAL = 0.999


@dataclass(slots=True)
class Happened:
    """A fault, and when it was there."""

    kind: Kind
    begun: float
    ended: float = 0.0


class _Any(Fault):
    name, does, kills = "soak", "all", True


def run_soak(minutes: float, *, seed: int, names: Sequence[str] = ("",)) -> bool:
    """Goes on for so long, and prints what came of it; whether the goals were met."""
    kinds = [kind for kind in SOAKED if not kind.missing() and any(name in kind.name for name in names)]
    dice, happened = random.Random(seed), list[Happened]()
    with phase_ground(SOAKED) as ground:
        servers = [ground.usual, ground.gateway()]
        logged = log_sizes(ground)
        load = SdkLoad([server.url for server in servers], _callers(ground))
        with load.running():
            ends, bag = time.monotonic() + 60 * minutes, list[Kind]()
            time.sleep(5.0)
            while time.monotonic() < ends:
                if not bag:  # each as often as the others
                    bag = dice.sample(kinds, len(kinds))
                _once(ground, servers, bag.pop(), dice, happened, load)
                time.sleep(dice.uniform(*_PAUSE))
            time.sleep(10.0)
        left = ground.settle()
        row = Row("soak")
        judge_records(row, ground, [each for each in load.made if each.ended], _Any())
        row.given_up += given_up_in(log_since(ground, logged))
    return _report(load.made, happened, row, left, minutes)


def _callers(ground: PhaseGround) -> list[Caller]:
    hard = ground.callers(streams=0, whole=0)
    return [
        *(Caller(ground.key, 2 * TOKENS_PER_SECOND, is_stream=True) for _ in range(_STREAMS)),
        *(Caller(ground.key, TOKENS_PER_SECOND // 2, is_stream=False) for _ in range(_WHOLE)),
        *hard,
    ]


def _once(
    ground: PhaseGround, servers: list[Server], kind: Kind, dice: random.Random, happened: list[Happened], load: SdkLoad
) -> None:  # fmt: skip
    kind.seconds = dice.uniform(*_SECONDS)  # type: ignore[misc]
    fault = Happened(kind, time.monotonic())
    happened.append(fault)
    before = sum(each.has_failed for each in load.made if each.ended)
    try:
        with kind.inflicted(ground, servers):
            kind.meanwhile(ground, servers)
    except Exception:
        traceback.print_exc()
    fault.ended = time.monotonic()
    for server in servers:
        if not server.is_alive:  # whoever supervises it starts it again
            print(f"{kind.name}: a gateway had ended", flush=True)
            with suppress(Exception):
                server.start()
    with suppress(Exception):
        ground.revive()
    after = sum(each.has_failed for each in load.made if each.ended)
    print(f"{time.strftime('%H:%M:%S')} {kind.name}, {fault.ended - fault.begun:.1f} s: {after - before} failed by its end", flush=True)  # fmt: skip


def _fault_of(made: Tried, happened: Sequence[Happened]) -> Happened | None:
    """The last fault that was there during a call, or shortly before it."""
    found = [
        each
        for each in happened
        if each.begun < made.ended and made.begun < (each.ended or made.ended) + _BEHIND
    ]
    during = [each for each in found if made.begun < (each.ended or made.ended)]
    return max(during or found, key=lambda each: each.begun, default=None)


def _report(made: Sequence[Tried], happened: Sequence[Happened], row: Row, left: int, minutes: float) -> bool:
    calls = [each for each in made if each.ended]
    failed = [each for each in calls if each.has_failed]
    by_fault: dict[str, Counter[str]] = defaultdict(Counter)
    told_to_fail = 0
    for each in failed:
        fault = _fault_of(each, happened)
        is_told = each.code in _UPSTREAM and any(
            one.kind.hits == "bedrock" and one.begun < each.ended and each.begun < one.ended + _BEHIND
            for one in happened
        )
        told_to_fail += is_told
        what = f"{each.status or 'broken'} {each.code} after {each.tries}" + (
            " [model told to fail]" if is_told else ""
        )
        by_fault[fault.kind.name if fault else "no fault"][what + f" ({', '.join(each.waits[-3:])})"] += 1
    could = len(calls) - told_to_fail
    answered = len(calls) - len(failed)
    first = sum(each.tries <= 1 for each in calls if not each.has_failed)
    share = answered / could if could else 0.0
    print(f"\n{minutes:g} minutes, {len(happened)} faults: {len(calls)} calls, answered at the first try {first}, after retries "
          f"{answered - first}, failed {len(failed)}, of them {told_to_fail} where the model was told to fail")  # fmt: skip
    print(f"answered of those that the model could answer: {100 * share:.3f} % (goal {100 * GOAL:g} %)")
    print(f"lost {row.lost}, given up {row.given_up}, overspend ${row.overspend_nanos / 1e9:g}, ledger "
          f"{'sound' if row.is_sound else 'BROKEN'}, {left} holds left; {'; '.join(row.notes)}\n")  # fmt: skip
    times = Counter(each.kind.name for each in happened)
    print("| fault | times | failed |\n|---|---|---|")
    for name, number in sorted(times.items()):
        told = "; ".join(f"{count} x {what}" for what, count in by_fault.get(name, Counter()).most_common(6))
        print(f"| {name} | {number} | {told} |")
    if other := by_fault.get("no fault"):
        print(f"| none | | {'; '.join(f'{count} x {what}' for what, count in other.most_common(6))} |")
    return share >= GOAL and not row.lost and not row.given_up and not row.overspend_nanos and row.is_sound
