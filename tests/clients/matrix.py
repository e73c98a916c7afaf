"""What the clients said, as a table: to be read, and in the README."""

import json
from collections.abc import Iterable
from typing import Any

from tests.clients.kinds import FOLDER
from tests.services import ROOT

RESULTS = FOLDER / "results"
_BEGIN, _END = "<!-- clients: by `make clients ARGS=--matrix` -->", "<!-- /clients -->"


def keep(name: str, lines: list[dict[str, Any]], *, skipped: str = "") -> None:
    """Keeps what a client's script said, or why it wasn't run."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"name": name, "lines": lines, "skipped": skipped}))


def forget(name: str) -> None:
    """Before a client is run again."""
    (RESULTS / f"{name}.json").unlink(missing_ok=True)


def table(names: Iterable[str]) -> str:
    """Markdown: a row for each client that was run, and what it is refused by name."""
    rows = ["| client | version | works | refused by name |", "|---|---|---|---|"]
    for name in names:
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text())
        if found["skipped"]:
            rows.append(f"| {name} | - | skipped: {found['skipped'].splitlines()[0][:120]} | |")
            continue
        rows.append(_row(name, found["lines"]))
    return "\n".join(rows)


def _row(name: str, lines: list[dict[str, Any]]) -> str:
    versions = next((line["versions"] for line in lines if "versions" in line), {})
    by_outcome: dict[str, list[str]] = {"works": [], "refused": [], "failed": []}
    for line in lines:
        if "check" in line:
            by_outcome[line["outcome"]].append(line["check"])
    works = _grouped(by_outcome["works"])
    if by_outcome["failed"]:
        works += f"; **fails**: {', '.join(by_outcome['failed'])}"
    told = ", ".join(f"{package} {version}" for package, version in versions.items())
    return f"| {name} | {told} | {works} | {', '.join(by_outcome['refused'])} |"


def _grouped(checks: list[str]) -> str:
    """Checks by the interface they go through: `chat, stream; responses: chat, stream`."""
    groups: dict[str, list[str]] = {}
    for check in checks:
        interface, _, name = check.rpartition(": ")
        groups.setdefault(interface, []).append(name)
    return "; ".join((f"{key}: " if key else "") + ", ".join(names) for key, names in groups.items())


def write_readme(text: str) -> None:
    """Puts the table between the README's marks."""
    path = ROOT / "README.md"
    before, begin, rest = path.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SystemExit(f"README.md has no {_BEGIN} … {_END}.")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
