"""Processes under measurement, and what they cost."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def running(arguments: list[str], *, env: dict[str, str] | None = None) -> Iterator[psutil.Process]:
    """A Python process of this project, ended with the block."""
    path = f"{ROOT / 'platform'}{os.pathsep}{ROOT}"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, **(env or {})},
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, path: str = "/", *, seconds: float = 40) -> None:
    """Returns when something answers over HTTP, whatever it says."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
                return
        except URLError as error:
            if getattr(error, "code", None) in (404, 405):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


def wait_for_port(port: int, *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of these processes so far."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def postgres_processes(postmaster: int) -> list[psutil.Process]:
    """The postmaster and its children."""
    parent = psutil.Process(postmaster)
    return [parent, *parent.children(recursive=True)]


def uvicorn(application: str, port: int, *, loop: str = "uvloop", http: str = "httptools") -> list[str]:
    """The same server and settings for everything that is compared."""
    return [
        "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port), "--loop", loop, "--http", http,
        "--no-access-log", "--no-proxy-headers", "--log-level", "warning", "--backlog", "4096",
    ]  # fmt: skip
