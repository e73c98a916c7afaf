"""A simulator for the time of a trial: a process of its own on a free port."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.trial.target import CannotTry

_PLATFORM = Path(__file__).resolve().parents[2]


@contextmanager
def simulator() -> Iterator[str]:
    """Its URL. It gets no credentials of AWS, and reads no settings. Raises CannotTry."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GATEHOUSE_"))}
    environment = kept | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_PLATFORM), kept.get("PYTHONPATH")]))
    }
    command = [sys.executable, "-m", "embedded.simulator", "--port", "0"]
    # A group of its own: Ctrl-C is for the trial, which still writes what it has.
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "ready on " not in line:
                raise CannotTry("The simulator did not start; the lines above say why.")
            yield line.rpartition(" ")[2].strip()
        finally:
            process.terminate()
