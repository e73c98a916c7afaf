"""The beginning of `manage.py run`, which needs no Django: it is at work before that would be loaded."""

import os
import sys
from pathlib import Path

from embedded.configuration import Configuration
from embedded.errors import StartError
from embedded.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


def run() -> None:
    """Runs everything until a signal ends it. Exits with 1 when the start fails, and a line that says why: once it runs, no error of
    the system ends it."""
    try:
        configuration = Configuration.from_environment(os.environ, root=ROOT)
        Supervisor(configuration, os.environ).run()
    except (StartError, OSError) as error:
        sys.stderr.write(f"Cannot start: {error}\n")
        sys.exit(1)
