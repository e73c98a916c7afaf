"""`python -m tests.supply sbom | audit | licences`: see `make sbom`, `make audit`, `make licences`."""

import argparse
import sys
from pathlib import Path

from tests.supply import audit, licences, sbom


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply")
    parser.add_argument("what", choices=("sbom", "audit", "licences"))
    parser.add_argument(
        "--of",
        type=Path,
        help="a lock; else requirements-production.txt, or with licences all that is pinned",
    )
    parser.add_argument("--to", type=Path, default=Path("sbom.json"), help="sbom: the file (%(default)s)")
    parser.add_argument("--osv-url", default="", help="audit: another address of OSV's interface")
    chosen = parser.parse_args()
    if chosen.what == "sbom":
        return sbom.write(chosen.of or sbom.PRODUCTION, chosen.to)
    if chosen.what == "audit":
        return audit.run(chosen.of or sbom.PRODUCTION, osv_url=chosen.osv_url)
    return licences.show(chosen.of or licences.ALL)


sys.exit(main())
