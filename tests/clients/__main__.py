"""`python -m tests.clients [--newest] [--matrix] [--lock] [client …]`: installs clients, runs their checks, prints a table."""

import argparse
import json
import os
import subprocess
import sys

from tests.clients import matrix
from tests.clients.coding import AGENTS
from tests.clients.install import install, lock
from tests.clients.kinds import CLIENTS, FOLDER, HERE
from tests.services import ROOT

NEEDED = {client.name: client.needs for client in CLIENTS} | {
    name: agent.needs for name, agent in AGENTS.items()
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make clients ARGS=…", description="Clients, as their users start them."
    )
    parser.add_argument(
        "--newest", action="store_true", help="the newest versions, rather than the locked ones"
    )
    parser.add_argument(
        "--matrix", action="store_true", help="write the table of the last run into README.md"
    )
    parser.add_argument("--lock", action="store_true", help="pin and hash the newest versions")
    parser.add_argument("clients", nargs="*", choices=[*NEEDED, []], help="those alone: %(choices)s")
    chosen = parser.parse_args()
    if chosen.lock:
        lock()
        return 0
    if chosen.matrix:
        text = matrix.table(NEEDED)
        print(text)
        matrix.write_readme(text)
        return 0
    names = chosen.clients or list(NEEDED)
    for name in names:
        matrix.forget(name)
    reasons = install({NEEDED[name] for name in names}, newest=chosen.newest)
    environment = {**os.environ, "GATEHOUSE_CLIENTS": json.dumps({"names": names, "reasons": reasons})}
    command = [sys.executable, "-m", "pytest", str(HERE.relative_to(ROOT)), "-q", "-p", "no:cacheprovider"]
    code = subprocess.call(command, cwd=ROOT, env=environment)
    print(f"\n{matrix.table(names)}\n\nWhat each said is in {os.path.relpath(FOLDER)}/results.")
    return code


if __name__ == "__main__":
    sys.exit(main())
