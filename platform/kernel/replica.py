"""A replica of the database for what may be some seconds old: lists, reports and charts.

Pages and addresses say so by `may_be_stale`; which models are read there is the router's to say (config/replica_router.py).
Whoever has just written reads the primary, for long enough to find it on the replica afterwards. Where there is none, nothing
of this is done.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, TypeVar, cast

import psycopg
from django.conf import settings

from kernel.clock import perf_counter, utc_now
from kernel.deadlines import STANDBY, TCP
from kernel.faults import is_away

logger = logging.getLogger(__name__)

ALIAS = "replica"
MAX_LAG_SECONDS = 30.0
"""A replica that is further behind is not read."""
WROTE_COOKIE, WROTE_SECONDS = "gatehouse-wrote", 60
"""Of whoever has changed something, for so long: longer than a replica may be behind."""
_LOOKS_EVERY, _AGAIN_AFTER, _PATIENCE = 2.0, 10.0, 1.0
_SAFE = frozenset({"GET", "HEAD"})
_reading: ContextVar[bool] = ContextVar("reading_replica", default=False)

View = TypeVar("View", bound=Callable[..., Any])


def is_reading() -> bool:
    """Whether what is asked now may be answered by the replica."""
    return _reading.get()


def may_be_stale(view: View) -> View:
    """For a view whose answer may be some seconds old, a function or a method of (request, …). It reads the primary where the
    replica is away, behind, or fails meanwhile."""

    @wraps(view)
    def read(*arguments: Any, **named: Any) -> Any:
        if settings.REPLICA_DATABASE_URL and _may_read(arguments) and nearness().is_near():
            try:
                with _replica_read():
                    answer = view(*arguments, **named)
                    # What pages look up while they are made is read here, too.
                    return answer.render() if _is_page(answer) else answer
            except Exception as error:
                if not is_away(error):
                    raise
                nearness().lose(error)
        return view(*arguments, **named)

    return cast(View, read)


def _is_page(answer: Any) -> bool:
    """Whether it is a page of Django's that is still to be made: the management API's answers are made by its own framework."""
    # It takes a while, and processes for calls need none.
    from django.template.response import TemplateResponse

    return isinstance(answer, TemplateResponse)


def _may_read(arguments: tuple[Any, ...]) -> bool:
    request = next(each for each in arguments if hasattr(each, "COOKIES"))
    return request.method in _SAFE and WROTE_COOKIE not in request.COOKIES


@contextmanager
def _replica_read() -> Iterator[None]:
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


class Nearness:
    """Whether a replica follows closely. It is looked at in a thread of its own, so that one which hangs holds nobody up.

    How far it is behind is told by when the primary committed what was replayed last (PostgreSQL docs, "Recovery Information
    Functions": pg_last_xact_replay_timestamp). An instance that runs commits every few seconds, so that an old moment means a
    replica that is behind, cut off, or no longer one; positions in the log would call one that is cut off up to date.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replica")
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = Lock()
        self._look: Future[float] | None = None
        self._again_at = 0.0
        self._is_near: bool | None = None

    def is_near(self) -> bool:
        """What the last look found, or a new one where that is some seconds old."""
        with self._lock:
            if self._look is None and perf_counter() < self._again_at:
                return bool(self._is_near)
            if self._look is None:
                self._look = self._thread.submit(self._behind)
            elif not self._look.done():
                return False  # it hangs, or another asks just now
            look = self._look
        return self._found(look)

    def lose(self, error: BaseException) -> None:
        """Something failed on it."""
        with self._lock:
            self._note(False, type(error).__name__)

    def close(self) -> None:
        """Nothing is looked at any more."""
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()

    def _found(self, look: "Future[float]") -> bool:
        try:
            behind = look.result(_PATIENCE)
            is_near, says = behind <= MAX_LAG_SECONDS, f"is {behind:.0f} s behind"
        except (FutureTimeoutError, TimeoutError):
            if not look.done():
                with self._lock:
                    self._note(False, "does not answer", keep=True)
                return False
            is_near, says = False, "does not answer"
        except Exception as error:
            is_near, says = False, type(error).__name__
        with self._lock:
            self._note(is_near, says)
        return is_near

    def _note(self, is_near: bool, says: str, *, keep: bool = False) -> None:
        if not keep:
            self._look = None
        if is_near is not self._is_near:
            log = logger.info if is_near else logger.warning
            log("the replica %s: %s is read for reports", says, "it" if is_near else "the primary")
        self._is_near = is_near
        self._again_at = perf_counter() + (_LOOKS_EVERY if is_near else _AGAIN_AFTER)

    def _behind(self) -> float:
        """Seconds; infinite for a server that has never replayed anything."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url, autocommit=True, prepare_threshold=None, **{**TCP, **STANDBY}
                )
            row = self._connection.execute(
                "SELECT pg_last_xact_replay_timestamp() WHERE pg_is_in_recovery()"
            ).fetchone()
        except Exception:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            raise
        return (utc_now() - row[0]).total_seconds() if row and row[0] else float("inf")


@lru_cache(1)
def nearness() -> Nearness:
    """Of the replica in the settings."""
    return Nearness(settings.REPLICA_DATABASE_URL)
