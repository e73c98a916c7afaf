"""The licences of what is pinned, by what the installed packages say of themselves. GPL, AGPL and non-commercial ones fail."""

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

from tests.services import ROOT

ALL = ROOT / "requirements-dev.txt"
# What a package says nothing of, or nothing clear, and where it was read instead.
READ = {
    "pyreqwest": "Apache-2.0",  # licenses/LICENSE in its wheel
}
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)
# LGPL and MPL are of a library alone, which is used as one.
_REFUSED = re.compile(
    r"(?<![A-Za-z])A?GPL|(?<!Lesser )General Public License|Affero|\bNC\b|Non-?Commercial|Proprietary|Commons Clause|\bSSPL\b|\bBUSL\b",
    re.IGNORECASE,
)
_LESSER = re.compile(r"GNU (Lesser|Library) General Public License[^;,]*|\bLGPL[\w.+-]*", re.IGNORECASE)
_OPTIONAL = re.compile(r"\s+OR\s+")


def show(lock: Path) -> int:
    """Prints a table; 1 where a licence is refused, or not known."""
    rows = sorted((name, version, licence_of(name)) for name, version in _PINNED.findall(lock.read_text()))
    bad = [(name, licence) for name, _, licence in rows if licence is not None and not is_allowed(licence)]
    for name, version, licence in rows:
        print(f"{name:36} {version:16} {'not installed here' if licence is None else licence or 'NOT KNOWN'}")
    print(f"{len(rows)} packages; refused or not known: {len(bad)}")
    for name, licence in bad:
        print(
            f"REFUSED  {name}: {licence or 'says no licence; read it, and write it into tests/supply/licences.py'}"
        )
    return 1 if bad else 0


def licence_of(name: str) -> str | None:
    """What a package says; empty: nothing; None: it is not installed, being for another system or Python."""
    if name in READ:
        return READ[name]
    try:
        return _said(metadata(name))
    except PackageNotFoundError:
        return None


def is_allowed(licence: str) -> bool:
    """Whether what ships may be made with it; of plain alternatives one is enough."""
    if not licence:
        return False
    alternatives = [licence] if " AND " in licence else _OPTIONAL.split(licence)
    return any(not _REFUSED.search(_LESSER.sub("", each)) for each in alternatives)


def _said(of: PackageMetadata) -> str:
    if expression := of.get("License-Expression"):
        return str(expression)
    classifiers = [
        each.split(" :: ")[-1] for each in of.get_all("Classifier") or () if each.startswith("License ::")
    ]
    if said := [each for each in classifiers if each != "OSI Approved"]:
        return " AND ".join(said)  # fail closed: what means "or" is written into READ
    return (str(of.get("License") or "").strip().splitlines() or [""])[0][:80]
