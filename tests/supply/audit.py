"""Known vulnerabilities of what is pinned, by pip-audit: PyPI's list, and OSV's where that one can't be asked.

Without a network there is nothing to compare with: that is said, and passes. A vulnerability fails.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PASSED, FAILED = 0, 1
_SECONDS = 300
_SECONDS_EACH = "10"


def run(lock: Path, *, osv_url: str = "") -> int:
    """Prints what is known of the packages of a lock; the exit code."""
    osv = ("-s", "osv", *(("--osv-url", osv_url) if osv_url else ()))
    for name, service in (() if osv_url else (("PyPI", ()),)) + (("OSV", osv),):
        found, why = _asked(lock, service)
        known = [each for each in found if "vulns" in each]
        if known:
            return _say(name, lock, known, [each["name"] for each in found if "vulns" not in each])
        print(f"The vulnerabilities that {name} knows can't be looked up ({why}).")
    print(f"NOT AUDITED: {lock.name}. Nothing was compared; run this again where there is a network.")
    return PASSED


def _say(service: str, lock: Path, known: list[dict[str, Any]], unknown: list[str]) -> int:
    bad = [each for each in known if each["vulns"]]
    for each in bad:
        for found in each["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {found['id']}, mended in {fixed}")
    print(
        f"{lock.name}: {len(known)} packages compared with {service}'s list, {len(bad)} with known vulnerabilities."
    )
    if unknown:
        print(f"Not on the list: {', '.join(unknown)}.")
    return FAILED if bad else PASSED


def _asked(lock: Path, service: tuple[str, ...]) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package; none where it can't say, and why."""
    command = (
        sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--require-hashes", "--progress-spinner", "off",
        "-f", "json", "--timeout", _SECONDS_EACH, *service,
    )  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [], f"no answer within {_SECONDS} seconds"
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [], (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
    return found, "it knows none of these packages"
