"""`make drill`: faults, each on a running instance with callers, and the table of what they did."""

import argparse
import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import django

from tests.cluster import TEMPLATE
from tests.services import temporary_folder

_COLUMNS = ("fault", "lasted, s", "calls", "failed", "lost", "given up", "calls again, s", "not ready, s", "ready, s", "revoked, s", "overspend, $", "ledger")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", default=[""], help="faults whose name has this in it"
    )
    parser.add_argument("--list", action="store_true", help="say which there are, and run none")
    parser.add_argument(
        "--phases",
        action="store_true",
        help="kinds of fault, crossed with starts, ends, migrations, evaluations and imports",
    )
    parser.add_argument(
        "--soak",
        type=float,
        metavar="MINUTES",
        help="faults in random order, with callers that try again as SDKs do",
    )
    parser.add_argument("--seed", type=int, default=1, help="of a soak's order")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("GATEHOUSE_EMBEDDED", "true")
    django.setup()
    for name in ("httpx", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # They make rows by Django's models.
    from tests.drill.faults import FAULTS
    from tests.drill.ground import ground
    from tests.drill.measure import Row, run

    if arguments.phases:
        _phases(arguments.only, lists=arguments.list)
        return
    if arguments.soak:
        from tests.drill.soak.run import run_soak

        with _template():
            sys.exit(not run_soak(arguments.soak, seed=arguments.seed, names=arguments.only))
    chosen = [fault for fault in FAULTS if any(name in fault.name for name in arguments.only)]
    if arguments.list:
        for fault in chosen:
            print(f"{fault.name}: {fault.does}" + (f" ({missing})" if (missing := fault.missing()) else ""))
        return
    os.environ[TEMPLATE] = str(template := temporary_folder())
    rows: list[Row] = []
    begun = time.monotonic()
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, template, ignore_errors=True)
        shared = cache(lambda made=ground: ending.enter_context(made()))
        print("| " + " | ".join(_COLUMNS) + " |\n|" + "---|" * len(_COLUMNS), flush=True)
        for fault in chosen:
            if missing := fault.missing():
                print(f"| {fault.name} | skipped: {missing} |" + " |" * (len(_COLUMNS) - 2), flush=True)
                continue
            try:
                row = run(fault, shared)
            except Exception as error:  # the others are run all the same
                traceback.print_exc()
                row = Row(fault.name, notes=[f"could not be run to its end: {error!r}"], is_sound=False)
            rows.append(row)
            print(_line(row), flush=True)
    print(f"\n{len(rows)} faults in {(time.monotonic() - begun) / 60:.0f} minutes\n")
    for row in rows:
        print(f"{row.fault}: {'; '.join(row.notes) or 'nothing else'}")
        for warning in row.warnings:
            print(f"    {warning}")


def _phases(names: list[str], *, lists: bool) -> None:
    from tests.drill.phases.run import rows_of, run_phases

    if lists:
        for row in rows_of(names):
            print(row)
        return
    with _template():
        is_well = run_phases(names)
    sys.exit(not is_well)


@contextmanager
def _template() -> Iterator[None]:
    """A migrated database that is copied."""
    os.environ[TEMPLATE] = str(template := temporary_folder())
    try:
        yield
    finally:
        shutil.rmtree(template, ignore_errors=True)


def _line(row: "Row") -> str:  # type: ignore[name-defined] # noqa: F821
    cells = (
        row.fault, f"{row.lasted:.0f}", row.calls, row.failed, row.lost, row.given_up, _seconds(row.again_after), _seconds(row.unready_after),
        _seconds(row.ready_after), _seconds(row.revoked_after), f"{row.overspend_nanos / 1e9:g}", "sound" if row.is_sound else "BROKEN",
    )  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if value == float("inf") else f"{value:.1f}"


if __name__ == "__main__":
    main()
