"""A fault, and what is seen of it: a row of the table."""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.limits.selectors.invariants import INVARIANTS
from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.drill.load import Load, Made
from tests.drill.probe import Probe, Seen
from tests.drill.revocation import Revocation

_MOST_AFTER = 60.0
"""Seconds that calls go on after a fault, where they don't succeed again."""
_QUIET = 3.0
"""So long calls must have succeeded before they count as well again."""
_LOOKS_EVERY = 2.0
"""What is over sooner, readiness may not have seen: it looks once a second."""
_NEVER = float("inf")


@dataclass(slots=True)
class Row:
    """What a fault did. Seconds are None where there was nothing to wait for, and infinite where it never came."""

    fault: str
    lasted: float = 0.0
    calls: int = 0
    failed: int = 0
    lost: int = 0
    given_up: int = 0
    again_after: float | None = None
    unready_after: float | None = None
    ready_after: float | None = None
    revoked_after: float | None = None
    overspend_nanos: int = 0
    is_sound: bool = True
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run(fault: Fault, shared: Callable[[], Ground]) -> Row:
    """Calls before, during and after it, on its ground."""
    with fault.ground(shared) as ground, fault.servers(ground) as servers, ExitStack() as ending:
        urls = [server.url for server in servers]
        logged = log_sizes(ground)
        load = Load(urls, fault.callers(ground))
        readyz = Probe(f"{urls[0]}/readyz")
        revocation = ending.enter_context(closing(Revocation(ground, urls)))
        ending.enter_context(readyz.running())
        ending.enter_context(revocation.probe.running())
        with load.running():
            time.sleep(fault.before)
            begun = time.monotonic()
            with fault.inflicted(ground, servers):
                if fault.revokes:
                    revocation.revoke()
                fault.meanwhile(ground, servers)
            ended = time.monotonic()
            _wait_until_well(load, ended, fault.after)
        revived = ground.revive()
        left = ground.settle()
        row = Row(fault.name, ended - begun, calls=len(load.made))
        _judge_calls(row, load.made, begun, ended)
        _judge_readiness(row, fault, load.made, readyz.seen, begun, ended)
        if fault.revokes or fault.blinds:
            row.revoked_after = revocation.last_let_in(begun, ended)
        judge_records(row, ground, load.made, fault)
        row.notes += fault.notes(ground, servers)
        row.given_up += given_up_in(log_since(ground, logged))
        if revived:
            row.notes.append(f"ended, and started again: {', '.join(revived)}")
        if left:
            row.notes.append(f"{left} holds left")
        return row


def _wait_until_well(load: Load, ended: float, after: float) -> None:
    """Until calls have succeeded for a while, or for so long that nobody would wait."""
    while time.monotonic() - ended < _MOST_AFTER:
        time.sleep(0.2)
        if time.monotonic() - ended < after:
            continue
        done = [made for made in load.made if made.ended and made.begun > ended]
        last_failure = max((made.begun for made in done if made.has_failed), default=ended)
        good = [made for made in done if made.is_whole and made.begun > last_failure]
        if good and time.monotonic() - last_failure > _QUIET:
            return


def _judge_calls(row: Row, made: Sequence[Made], begun: float, ended: float) -> None:
    failed = [each for each in made if each.has_failed]
    row.failed = len(failed)
    if not failed:
        return
    outcomes = Counter(
        f"{each.status or 'broken'} {each.code or ('cut' if each.status == 200 else '')}".strip()
        for each in failed
    )
    row.notes.append(", ".join(f"{number} x {what}" for what, number in outcomes.most_common()))
    last = max((each.begun for each in failed if each.begun > ended), default=None)
    first_well = _first_well(made, ended if last is None else last)
    if first_well is None:
        row.again_after = _NEVER
    else:
        row.again_after = 0.0 if last is None else first_well - ended
    if early := sum(each.ended < begun for each in failed if each.ended):
        row.notes.append(f"{early} failed before it")


def _first_well(made: Sequence[Made], since: float) -> float | None:
    return min((each.begun for each in made if each.is_whole and each.begun > since), default=None)


def _judge_readiness(
    row: Row, fault: Fault, made: Sequence[Made], seen: Sequence[Seen], begun: float, ended: float
) -> None:
    row.warnings = sorted({_bare(text) for each in seen for text in each.body.get("warnings", ())})
    slow = sum(each.status == 0 for each in seen)
    if slow and not fault.restarts:
        row.notes.append(f"readyz gave no answer {slow} times")
    unready = next((each for each in seen if each.begun > begun and each.status == 503), None)
    failing = min(
        (max(each.begun, begun) for each in made if each.has_failed and each.ended > begun), default=None
    )
    if fault.stays_unready:
        row.notes.append("never ready" if all(each.status != 200 for each in seen) else "was ready at times")
        return
    if unready is None:
        is_long = ended - begun > _LOOKS_EVERY
        row.unready_after = _NEVER if fault.is_outage and is_long and failing is not None else None
        return
    row.unready_after = max(0.0, unready.ended - (begun if failing is None else failing))
    last_failure = max((each.begun for each in made if each.has_failed), default=ended)
    well = _first_well(made, max(last_failure, ended))
    last_unready = max(each.begun for each in seen if each.status == 503)
    ready = next((each for each in seen if each.begun > last_unready and each.status == 200), None)
    row.ready_after = _NEVER if ready is None or well is None else max(0.0, ready.ended - well)


def _bare(text: str) -> str:
    """Without the figures that change from second to second."""
    return re.sub(r"[+-]?\d+(\.\d+)? s\b", "… s", text)


def judge_records(row: Row, ground: Ground, made: Sequence[Made], fault: Fault) -> None:
    ids = [each.call_id for each in made if each.call_id]
    found = {
        each["call_id"]: each
        for each in ground.world.execute(
            "SELECT r.call_id::text, r.status, r.cost_nanos, r.is_estimated, p.input_rate, p.output_rate "
            "FROM governance_auditrecord r LEFT JOIN gateway_price p ON p.id = r.price_id WHERE r.call_id = ANY(%s::uuid[])",
            ids,
        )
    }
    lost = [each for each in made if each.is_whole and not _is_true(each, found.get(each.call_id))]
    row.lost = len(lost)
    for each in lost[:3]:
        row.notes.append(f"lost: {each.usage} of {each.tokens}, {found.get(each.call_id)}")
    expired = sum(each["status"] == "expired" for each in found.values())
    if fault.kills and expired:
        row.notes.append(f"{expired} expired with their process")
    elif expired:
        row.given_up += expired
    if missing := sum(bool(each.call_id) and each.call_id not in found for each in made if each.has_failed):
        row.notes.append(f"{missing} refusals without a record")
    (over,) = ground.world.execute(
        "SELECT coalesce(max(w.spent_nanos + w.reserved_nanos - b.limit_nanos), 0) AS nanos FROM governance_budgetwindow w "
        "JOIN governance_budget b ON b.id = w.budget_id"
    )
    row.overspend_nanos = max(0, over["nanos"])
    broken = [name for name, (_, query) in INVARIANTS.items() if ground.world.execute(query)]
    row.is_sound = not broken
    row.notes += [f"BROKEN {name}" for name in broken]


def _is_true(made: Made, record: dict[str, Any] | None) -> bool:
    """Whether a record says of a whole answer what the simulator counted: as many tokens as were asked for, at their price."""
    if record is None or made.usage is None or record["input_rate"] is None:
        return False
    wrote, price = made.usage[1], made.usage[0] * record["input_rate"] + made.usage[1] * record["output_rate"]
    return (
        record["status"] == "succeeded"
        and not record["is_estimated"]
        and wrote == made.tokens
        and record["cost_nanos"] == -(-price // 1_000_000)
    )


def given_up_in(log: str) -> int:
    return sum(int(number) for number in re.findall(r"(\d+) settlements could not be written", log))


def log_sizes(ground: Ground) -> dict[Path, int]:
    return {path: path.stat().st_size for path in (ground.stack.data_dir / "logs").glob("gateway-*.log")}


def log_since(ground: Ground, sizes: dict[Path, int]) -> str:
    """What gateways have logged since then."""
    return "".join(
        path.read_bytes()[sizes.get(path, 0) :].decode(errors="replace") for path in log_sizes(ground)
    )
