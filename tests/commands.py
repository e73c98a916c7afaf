"""`manage.py` commands, each in a fork of a process that has imported what they need: that takes longer than most of them.

Settings are read when they are imported, so there is such a process for each environment.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any


class Commands:
    """Runs commands of one environment, in the project's folder."""

    def __init__(self, environment: Mapping[str, str], *, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"],
            cwd=folder, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        """The exit code of a command, and what it printed as output and as errors."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with NamedTemporaryFile("r+") as output, NamedTemporaryFile("r+") as errors:
            request = {"arguments": list(arguments), "output": output.name, "errors": errors.name}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline()), output.read(), errors.read()

    def stop(self) -> None:
        self._process.communicate()  # it ends with its input


def _serve() -> None:
    import django

    django.setup()
    for line in sys.stdin:
        request = json.loads(line)
        if (child := os.fork()) == 0:
            _become(request)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(request: dict[str, Any]) -> None:
    """What the fork does: the command, and nothing of what the parent would do at its end."""
    from django.core.management import execute_from_command_line

    for stream, path in ((sys.stdout, request["output"]), (sys.stderr, request["errors"])):
        os.dup2(os.open(path, os.O_WRONLY), stream.fileno())
    code: Any = 1
    try:
        execute_from_command_line(["manage.py", *request["arguments"]])
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
