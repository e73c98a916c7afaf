"""Installs what the clients need, each by its own kind of package: locked, or the newest. What can't be had is said, not raised."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.clients.kinds import FOLDER, GO_SOURCES, HERE, PYTHONS

OLDEST_NODE = 20
_LOCK = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet",
)  # fmt: skip
_QUIET = (
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--ignore-scripts",
    "--fetch-retries=1",
    "--omit-lockfile-registry-resolved",
)
_LOCKED = {
    "node": ("ci",),
    # npm leaves packages for other systems out of this lock, and then takes it for one that does not fit.
    "agents": ("install", "--no-save"),
}
_SCRIPTS = {
    "node": (),
    # They put a package's program for this machine in the place of its name.
    "agents": ("@anthropic-ai/claude-code/install.cjs", "opencode-ai/postinstall.mjs"),
}
_UV = (sys.executable, "-m", "uv", "pip")


class MissingError(Exception):
    """Why a kind of client can't be run here."""


def install(kinds: set[str], *, newest: bool) -> dict[str, str]:
    """Why each of these kinds can't be run; "" for one that can."""
    FOLDER.mkdir(exist_ok=True)
    reasons = {}
    for kind in sorted(kinds):
        try:
            NEEDS[kind](newest)
            reasons[kind] = ""
        except MissingError as error:
            reasons[kind] = str(error)
            print(f"Clients of {kind} are skipped: {error}", flush=True)
    return reasons


def lock() -> None:
    """Pins and hashes the newest versions."""
    for kind in (*PYTHONS, "aider"):
        source = _requirements(kind)
        locked = str(source.with_suffix(".txt"))
        _run(*_UV, "compile", "--system-certs", str(source), *_LOCK, "--upgrade", "-o", locked)
    for kind in ("node", "agents"):
        folder = HERE / kind
        names = json.loads((folder / "package.json").read_text())["dependencies"]
        (folder / "package-lock.json").unlink(missing_ok=True)
        newest = [f"{name}@latest" for name in names]
        _run("npm", "install", *_QUIET, "--package-lock-only", "--save-exact", *newest, cwd=folder)


def _python(name: str) -> Callable[[bool], None]:
    def install(newest: bool) -> None:
        folder = FOLDER / name
        source = _requirements(name).with_suffix(".in" if newest else ".txt")
        if _is_there(folder, source, newest):
            return
        python = folder / "bin/python"
        if not python.exists():
            _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        how = ("--upgrade",) if newest else ("--require-hashes",)
        _run(*_UV, "install", "--system-certs", "--quiet", "--python", str(python), *how, "-r", str(source))
        _note(folder, source, newest)

    return install


def _requirements(name: str) -> Path:
    return HERE / "python" / f"{name}.in"


def _npm(name: str) -> Callable[[bool], None]:
    def install(newest: bool) -> None:
        _check_node()
        folder, home = FOLDER / name, HERE / name
        folder.mkdir(exist_ok=True)
        for script in home.glob("*.mjs"):
            shutil.copy(script, folder)
        source = home / "package-lock.json"
        if _is_there(folder, source, newest):
            return
        for file in ("package.json", "package-lock.json"):
            shutil.copy(home / file, folder)
        if newest:
            names = json.loads((home / "package.json").read_text())["dependencies"]
            _run("npm", "install", *_QUIET, *(f"{each}@latest" for each in names), cwd=folder)
        else:
            _run("npm", *_LOCKED[name], *_QUIET, cwd=folder)
        for script in _SCRIPTS[name]:
            _run("node", f"node_modules/{script}", cwd=folder)
        _note(folder, source, newest)

    return install


def _check_node() -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingError(f"Node {OLDEST_NODE} or later and npm are not installed.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.sub(r"\D.*", "", version.lstrip("v"))) < OLDEST_NODE:
        raise MissingError(f"Node {OLDEST_NODE} or later is needed, and this is {version.strip()}.")


def _go(newest: bool) -> None:
    if shutil.which("go") is None or not (GO_SOURCES / "src/github.com/aws/aws-sdk-go-v2").is_dir():
        raise MissingError(
            "Go and AWS's SDK for it are not installed: apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev"
        )
    environment = {"GO111MODULE": "off", "GOPATH": str(GO_SOURCES), "GOFLAGS": "", "GOCACHE": str(FOLDER / "go/cache")}  # fmt: skip
    _run("go", "build", "-o", str(FOLDER / "go/aws"), "main.go", cwd=HERE / "go", **environment)


NEEDS: dict[str, Callable[[bool], None]] = {
    **{name: _python(name) for name in (*PYTHONS, "aider")},
    "node": _npm("node"),
    "agents": _npm("agents"),
    "go": _go,
}


def _is_there(folder: Path, source: Path, newest: bool) -> bool:
    stamp = folder / ".installed"
    return not newest and stamp.exists() and stamp.read_text() == _digest(source)


def _note(folder: Path, source: Path, newest: bool) -> None:
    (folder / ".installed").write_text("newest" if newest else _digest(source))


def _digest(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _run(*command: str, cwd: Path | None = None, **environment: str) -> None:
    """Runs a step of an installation. MissingError with its last words where it fails or takes more than ten minutes."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{' '.join(command[:3])} did not end.") from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if "warn" not in line.lower()]
        words = " ".join(" ".join(lines).split())[:400]
        raise MissingError(f"{Path(command[0]).name} {' '.join(command[1:4])} failed: {words}")
