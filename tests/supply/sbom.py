"""The packages of a lock with their hashes as CycloneDX 1.6 (ecma-international.org/publications ECMA-424), in JSON. Asks no network."""

import subprocess
import sys
from pathlib import Path

from tests.services import ROOT

PRODUCTION = ROOT / "requirements-production.txt"


def write(lock: Path, to: Path) -> int:
    """Writes the file, the same bytes for the same lock; the exit code."""
    command = (
        sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(lock), "--pyproject", str(ROOT / "pyproject.toml"),
        "--output-reproducible", "--of", "JSON", "--sv", "1.6", "-o", str(to),
    )  # fmt: skip
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        print(f"{to}: the packages of {lock.name}")
    return code
