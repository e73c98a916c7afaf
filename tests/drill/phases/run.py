"""`make drill ARGS=--phases`: rows of the covering array, and what became of each."""

import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from tests.drill.fault import Fault
from tests.drill.load import Load, Made
from tests.drill.measure import Row, given_up_in, judge_records, log_since, log_sizes
from tests.drill.phases.covering import Cell, covering
from tests.drill.phases.ground import PhaseGround, phase_ground
from tests.drill.phases.kinds import KINDS, Kind
from tests.drill.phases.phase import Phase
from tests.drill.phases.processes import PROCESSES
from tests.drill.phases.works import WORKS

COLUMNS = ("faults", "streams", "settlements", "processes", "evaluation", "import", "lost", "given up", "overspend, $", "ledger", "whole after, s")  # fmt: skip
_FAULT_SECONDS = 5.0
_WHOLE_SECONDS = 20.0
"""A row is waited for for so long; what isn't whole by then is looked at again behind the others."""
_LAST_SECONDS = 420.0


@dataclass(eq=False)
class Outcome:
    """A row that was run. Sentences for a reader."""

    cell: Cell
    phases: tuple[Phase, ...]
    begun: float = 0.0
    ended: float = 0.0
    whole_at: dict[str, float] = field(default_factory=dict)
    calls_again: float | None = None
    row: Row = field(default_factory=lambda: Row(""))
    streams: str = ""
    settlements: str = ""

    @property
    def open(self) -> list[Phase]:
        return [phase for phase in self.phases if phase.name not in self.whole_at]

    @property
    def seconds(self) -> str:
        if self.open or self.calls_again is None:
            return "not yet"
        return f"{max(0.0, *self.whole_at.values(), self.calls_again):.0f}"

    def line(self) -> str:
        told = [
            (phase.outcome or "not yet") + (f" BROKEN {phase.broken}" if phase.broken else "")
            for phase in self.phases
        ]
        processes = [f"{phase.name}: {what}" for phase, what in zip(self.phases, told, strict=True)]
        told = ["; ".join(processes[: -len(WORKS)]), *told[-len(WORKS) :]]
        cells = (
            " + ".join(self.cell.faults), self.streams, self.settlements, *told, self.row.lost, self.row.given_up,
            f"{self.row.overspend_nanos / 1e9:g}", "sound" if self.row.is_sound else "BROKEN", self.seconds,
        )  # fmt: skip
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


def rows_of(names: Sequence[str]) -> list[Cell]:
    """Rows that have one of the names in them; all without any."""
    services = {kind.name: frozenset(kind.hits.split()) for kind in KINDS if not kind.missing()}
    rows = covering(services, [each.name for each in PROCESSES])
    return [row for row in rows if any(name in str(row) for name in names)]


def run_phases(names: Sequence[str]) -> bool:
    """Runs them, and prints the table; whether all is as it should be."""
    for kind in KINDS:
        if why := kind.missing():
            print(f"{kind.name} is skipped: {why}", flush=True)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    begun, outcomes, late = time.monotonic(), list[Outcome](), list[Outcome]()
    with phase_ground(KINDS) as ground:
        logged = log_sizes(ground)
        load = Load([ground.usual.url], ground.callers(streams=3, whole=2))
        with load.running():
            time.sleep(2.0)
            for number, cell in enumerate(rows_of(names)):
                outcome = _run(ground, load, cell, number, outcomes)
                outcomes.append(outcome)
                print(outcome.line(), flush=True)
                if outcome.open:
                    late.append(outcome)
            _see_to_the_rest(late)
        for outcome in late:
            print(f"later: {outcome.line()}", flush=True)
        for outcome in outcomes:
            for phase in outcome.phases:
                phase.close()
        left = ground.settle()
        made = [each for each in load.made if each.ended]
        all_calls = Row("all")
        judge_records(all_calls, ground, made, _Any())
        all_calls.given_up += given_up_in(log_since(ground, logged))
    print(f"\n{len(outcomes)} rows in {(time.monotonic() - begun) / 60:.0f} minutes; {len(made)} calls, lost {all_calls.lost}, given up "
          f"{all_calls.given_up}, overspend ${all_calls.overspend_nanos / 1e9:g}, ledger {'sound' if all_calls.is_sound else 'BROKEN'}, "
          f"{left} holds left; {'; '.join(all_calls.notes)}")  # fmt: skip
    broken = [f"{outcome.cell}: {phase.name}: {phase.broken or 'not whole'}" for outcome in outcomes
              for phase in outcome.phases if phase.broken or phase in outcome.open]  # fmt: skip
    print("\n".join(broken) or "nothing is broken")
    return not broken and not all_calls.lost and not all_calls.given_up and all_calls.is_sound


class _Any(Fault):
    name, does, kills = "all", "all", True


def _run(ground: PhaseGround, load: Load, cell: Cell, number: int, earlier: Sequence[Outcome]) -> Outcome:
    kinds = [kind for name in cell.faults for kind in KINDS if kind.name == name]
    processes = tuple(each(ground, number) for each in PROCESSES if each.name in cell.phases)
    phases = (*processes, *(each(ground, number) for each in WORKS))
    outcome = Outcome(cell, phases)
    try:
        for phase in reversed(phases):  # work first: it needs the worker that another phase may take away
            phase.prepare()
        ahead = max(phase.lead for phase in phases)
        for phase in sorted(phases, key=lambda each: -each.lead):
            if phase.lead:
                time.sleep(ahead - phase.lead)
                ahead = phase.lead
                phase.begin()
        time.sleep(ahead)
        outcome.begun = time.monotonic()
        _inflict(ground, kinds, [phase for phase in phases if not phase.lead])
        outcome.ended = time.monotonic()
        _wait(load, outcome, earlier)
    except Exception as error:  # the others are run all the same
        traceback.print_exc()
        phases[0].broken = phases[0].broken or f"could not be run to its end: {error!r}"
        outcome.ended = outcome.ended or time.monotonic()
    _judge(ground, load, outcome)
    for phase in phases:
        if phase.name in outcome.whole_at:
            with suppress(Exception):
                phase.close()
                phase.close = lambda: None  # type: ignore[method-assign]
    return outcome


def _inflict(ground: PhaseGround, kinds: Sequence[Kind], phases: Sequence[Phase]) -> None:
    with ExitStack() as faults:
        for kind in kinds:
            kind.seconds = _FAULT_SECONDS  # type: ignore[misc]
            faults.enter_context(kind.inflicted(ground, []))
        for phase in phases:
            phase.begin()
        begun = time.monotonic()
        for kind in kinds:
            if type(kind).meanwhile is not Fault.meanwhile:
                kind.meanwhile(ground, [])
        time.sleep(max(0.0, _FAULT_SECONDS - (time.monotonic() - begun)))
    with suppress(Exception):
        ground.revive()


def _wait(load: Load, outcome: Outcome, earlier: Sequence[Outcome]) -> None:
    while time.monotonic() - outcome.ended < _WHOLE_SECONDS:
        if outcome.calls_again is None:
            outcome.calls_again = _again(load.made, outcome.ended)
        for each in (*earlier, outcome):
            _look(each)
        if not outcome.open and outcome.calls_again is not None:
            return
        time.sleep(0.3)


def _again(made: Sequence[Made], ended: float) -> float | None:
    """Seconds from the faults' end to the first call that succeeded."""
    first = min((each.begun for each in made if each.is_whole and each.begun > ended), default=None)
    return None if first is None else first - ended


def _look(outcome: Outcome) -> None:
    for phase in outcome.open:
        with suppress(Exception):  # who can't be asked now is asked again
            if phase.is_whole():
                outcome.whole_at[phase.name] = time.monotonic() - outcome.ended


def _see_to_the_rest(late: Sequence[Outcome]) -> None:
    begun = time.monotonic()
    while any(outcome.open for outcome in late) and time.monotonic() - begun < _LAST_SECONDS:
        for outcome in late:
            _look(outcome)
        time.sleep(1.0)


def _judge(ground: PhaseGround, load: Load, outcome: Outcome) -> None:
    under_way = [
        each for each in load.made if each.begun < outcome.begun and not 0 < each.ended < outcome.begun
    ]
    outcome.streams = _became(each for each in under_way if each.is_stream)
    outcome.settlements = _became(each for each in under_way if not each.is_stream)
    judge_records(
        outcome.row, ground, [each for each in load.made if each.ended and each.ended > outcome.begun], _Any()
    )


def _became(made: object) -> str:
    counted = Counter(
        "whole" if each.is_whole or not each.has_failed else f"{each.status or 'broken'} {each.code or 'cut'}" if each.ended else "open"
        for each in made  # type: ignore[attr-defined]
    )  # fmt: skip
    return ", ".join(f"{number} {what}" for what, number in counted.most_common()) or "none"
