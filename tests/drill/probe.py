"""One address asked again and again: /readyz, or a list of models with a key that is revoked meanwhile."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.client import HTTP

_TIMEOUT_SECONDS = 3.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer; `status` is 0 where there was none. Moments are of `time.monotonic`."""

    begun: float
    ended: float
    status: int
    body: dict[str, Any] = field(default_factory=dict)


class Probe:
    """Asks every so many seconds, whether or not there was an answer before."""

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None, every: float = 0.2) -> None:
        self._url, self._headers, self._every = url, dict(headers or {}), every
        self._seen: list[Seen] = []
        self._lock = threading.Lock()

    @property
    def seen(self) -> list[Seen]:
        """By when they were asked."""
        with self._lock:
            return sorted(self._seen, key=lambda each: each.begun)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        with ThreadPoolExecutor(_AT_ONCE + 1) as threads:
            threads.submit(self._go_on, threads, stop)
            try:
                yield
            finally:
                stop.set()

    def _go_on(self, threads: ThreadPoolExecutor, stop: threading.Event) -> None:
        places = threading.Semaphore(_AT_ONCE)
        while not stop.wait(self._every):
            if places.acquire(blocking=False):
                threads.submit(self._ask).add_done_callback(lambda _: places.release())

    def _ask(self) -> None:
        begun = time.monotonic()
        try:
            answer = HTTP.get(self._url, headers=self._headers, timeout=_TIMEOUT_SECONDS)
            status, body = answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError):
            status, body = 0, {}
        with self._lock:
            self._seen.append(Seen(begun, time.monotonic(), status, body))
