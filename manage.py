#!/usr/bin/env python3
"""Django's command-line utility, with the project's two roots on the path."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    # `platform/` is a plain folder of packages; the standard library keeps the name `platform`.
    for folder in (ROOT / "platform", ROOT):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    if sys.argv[1:] == ["run"]:
        try:
            from embedded.start import run
        except ModuleNotFoundError as error:
            sys.exit(
                f"`manage.py run` takes the package {error.name}, which production leaves out: install requirements.txt"
                " (gatehouse[embedded]), or start web, gateway and workers apart, as docs/deploying.md says."
            )
        run()
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Gatehouse can't start: {error}")
    except Exception as error:
        from kernel.faults import outage

        if not (what := outage(error)):
            raise
        sys.exit(f"{what} What was under way is not done: run it again once that is over.")


if __name__ == "__main__":
    main()
