"""Celery's worker and beat, as processes of the drill."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.child import Child, Command
from embedded.waiting import start_child, wait_until_ready
from kernel.background_queues import QUEUES
from tests.services import ROOT


def background(environment: Mapping[str, str], folder: Path) -> list[Child]:
    """A worker for all queues, and beat; not started."""
    worker = (
        "worker",
        "-Q",
        ",".join(QUEUES),
        "--pool",
        "threads",
        "--concurrency",
        "4",
        "--without-gossip",
        "--without-mingle",
    )
    (folder / "beat").mkdir(exist_ok=True)
    beat = ("beat", "--schedule", str(folder / "beat" / "schedule"), "--pidfile", "")
    return [
        _celery(environment, folder, "drill-worker", " ready.", *worker),
        _celery(environment, folder, "drill-beat", "beat: Starting", *beat),
    ]  # fmt: skip


def start_all(children: Sequence[Child]) -> None:
    """Returns when they are ready."""
    for child in children:
        start_child(child)
    for child in children:
        wait_until_ready(child)


def _celery(
    environment: Mapping[str, str], folder: Path, name: str, ready_text: str, *arguments: str
) -> Child:
    command = Command(
        name=name,
        title=name,
        arguments=(sys.executable, "-m", "celery", "-A", "config.celery", *arguments, "--loglevel", "info"),
        environment=environment,
        folder=ROOT,
        ready_text=ready_text,
    )
    return Child(command, logs=folder / "logs")
