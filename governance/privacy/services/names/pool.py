"""Workers that read names, with a bounded queue before them. A worker that dies is replaced, and its texts read again."""

import atexit
import logging
import os
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from governance.privacy.policy.recognition.ner import Span, as_read
from kernel.errors import UnavailableError
from kernel.upkeep import keep_thread

logger = logging.getLogger(__name__)

_ATTEMPTS = 2
_START_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")
_ROOT = Path(__file__).resolve().parents[3]
_MODULE = "governance.privacy.services.names.worker"

Spans = list[list[Span] | None]
"""Of each text; None where it is of a language that the model does not know."""


class NamesBusyError(UnavailableError):
    """More texts wait than the queue takes, or there are no workers."""


class NamesFailedError(UnavailableError):
    """A worker died over these texts, or took too long, and so did the next."""


class NamesPool:
    """Threads that each keep one worker process. Nothing is started before the first text."""

    def __init__(self, *, workers: int, queue_size: int, timeout_seconds: float) -> None:
        self._workers = workers
        self._timeout_seconds = timeout_seconds
        self._queue: queue.Queue[tuple[list[tuple[str, str]], Future[Spans]] | None] = queue.Queue(queue_size)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._is_stopped = False
        self.deaths = 0
        """Workers that died or were killed for being slow, since the start."""

    def submit(self, texts: list[str], beside: Sequence[str] = ()) -> "Future[Spans]":
        """The model's spans of each text, in code points of it. NamesBusyError at once when too much waits.

        `beside` is, for each text, what stands around it: by it the language of a short one is told.
        """
        if self._workers == 0 or self._is_stopped:
            raise NamesBusyError("no workers")
        self._start()
        future: Future[Spans] = Future()
        shown = [as_read(text).translate(_SURROGATES) for text in texts]
        around = [text.translate(_SURROGATES) for text in beside] or [""] * len(texts)
        try:
            self._queue.put_nowait((list(zip(shown, around, strict=True)), future))
        except queue.Full as error:
            raise NamesBusyError("the queue is full") from error
        return future

    def warm_up(self) -> None:
        """Starts the workers, so that no call waits for them."""
        if self._workers:
            self._start()

    @property
    def waiting(self) -> int:
        """Batches of texts before the workers."""
        return self._queue.qsize()

    def process_ids(self) -> list[int]:
        """The workers that run now."""
        return [process.pid for process in tuple(self._processes.values()) if process.poll() is None]

    def stop(self) -> None:
        """Ends the workers; what waits fails."""
        self._is_stopped = True
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is not None and item[1].set_running_or_notify_cancel():
                item[1].set_exception(NamesFailedError("stopped"))
        for _ in self._threads:
            self._queue.put(None)
        for process in list(self._processes.values()):
            process.kill()

    def _start(self) -> None:
        if self._threads:
            return
        with self._lock:
            if not self._threads:
                self._threads = [
                    keep_thread(f"names-{number}", partial(self._run, number), retry=_RETRY_SECONDS)
                    for number in range(self._workers)
                ]
                atexit.register(self.stop)

    def _run(self, number: int) -> None:
        self._ensure(number)
        while (item := self._queue.get()) is not None:
            texts, future = item
            if not future.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            spans = None
            try:
                attempts = (self._ask(number, texts) for _ in range(_ATTEMPTS))
                spans = next((found for found in attempts if found is not None), None)
            finally:  # whatever went wrong: somebody waits for this
                if spans is not None:
                    future.set_result(spans)
                else:
                    future.set_exception(NamesFailedError("the language model gave no answer"))

    def _ask(self, number: int, texts: list[tuple[str, str]]) -> Spans | None:
        process = self._ensure(number)
        if process is None:
            return None
        try:
            assert process.stdin is not None
            process.stdin.write(orjson.dumps(texts) + b"\n")
            process.stdin.flush()
            line = self._line(process, self._timeout_seconds)
            if line:
                spans: Spans = [
                    None if each is None else [(start, end, label) for start, end, label in each]
                    for each in orjson.loads(line)
                ]
                return spans
        except (OSError, ValueError, TypeError) as error:  # the last two of what is no answer
            logger.debug("a names worker failed: %s", type(error).__name__)
        self._end(number, process)
        return None

    def _ensure(self, number: int) -> "subprocess.Popen[bytes] | None":
        process = self._processes.get(number)
        if process is not None and process.poll() is None:
            return process
        if process is not None:
            self._end(number, process)
        if self._is_stopped:
            return None
        try:
            process = _started()
        except OSError as error:
            logger.error("a names worker can't be started: %s", error.strerror)
            return None
        self._processes[number] = process
        if self._line(process, _START_SECONDS) != b"ready\n":
            logger.error("a names worker did not start")
            self._end(number, process)
            return None
        return process

    def _line(self, process: "subprocess.Popen[bytes]", timeout_seconds: float) -> bytes:
        """The worker's next line; empty when it died or took too long."""
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], timeout_seconds)
        return process.stdout.readline() if ready else b""

    def _end(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        if not self._is_stopped:
            self.deaths += 1
            logger.warning("a names worker ended and is replaced")
        self._processes.pop(number, None)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own module, nothing of a caller's
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        # One thread each: workers are as many as there are cores for them.
        env={
            "PATH": os.environ.get("PATH", ""),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(_ROOT),
        },
    )


def _close(pipe: Any) -> None:
    with suppress(OSError):  # the other end is gone, and what was not written with it
        pipe.close()


def batches(texts: Iterable[str], *, characters: int) -> Iterator[list[str]]:
    """Texts in lots of so many characters, for one `submit` each; a longer text is a lot of its own."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > characters:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


@cache
def shared_pool() -> NamesPool:
    """The one of this process: the gateway's calls and the web's previews share its workers."""
    return NamesPool(
        workers=settings.NAMES_WORKERS,
        queue_size=settings.NAMES_QUEUE_SIZE,
        timeout_seconds=settings.NAMES_TIMEOUT_SECONDS,
    )
