"""Connections of urllib3 to one place, each request on them with one deadline. `kernel.http_client` is the way in."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock, Timer
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from kernel.http_client import NotSentError, OutcomeUnknownError, Reply

CONNECT_SECONDS = 10.0


class Pool:
    """See HttpClient."""

    def __init__(self, scheme: str, host: str, port: int | None, *, address: str, kept: int) -> None:
        options: dict[str, Any] = {"maxsize": kept, "block": False, "retries": False}
        self._pool: urllib3.HTTPConnectionPool
        if scheme == "https":
            context = ssl.create_default_context()
            self._pool = _HttpsPool(
                address or host, port, ssl_context=context, server_hostname=host, **options
            )
        else:
            self._pool = _HttpPool(address or host, port, **options)

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        max_bytes: int,
    ) -> Reply:
        """See HttpClient."""
        with _deadline(seconds) as exchange:
            try:
                reply = self._exchange(method, path, body, headers, seconds, max_bytes)
                if exchange.is_over:  # headers that break off look like the whole of them
                    raise TimeoutError
                return reply
            except (HTTPError, OSError, ValueError) as error:
                reason = f"no answer within {seconds:g} s" if exchange.is_over else _reason(error)
                kind = OutcomeUnknownError if exchange.is_sent else NotSentError
                raise kind(reason) from error

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._pool.close()

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        max_bytes: int,
    ) -> Reply:
        # One read may take longer than the whole: it is the deadline that ends it.
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds + 1)
        answer = self._pool.urlopen(
            method, path, body, headers, redirect=False, timeout=timeout, preload_content=False
        )
        try:
            if not max_bytes:
                answer.close()
            content = answer.read(max_bytes) if max_bytes else b""
            if max_bytes and answer.read(1):
                raise ValueError(f"the answer has more than {max_bytes} bytes")
            return Reply(status=answer.status, headers=answer.headers, body=content)
        except BaseException:
            answer.close()
            raise
        finally:
            answer.release_conn()


class _Exchange:
    """One request under way: whether it can have been seen, and how it is ended when its time is over."""

    _lock = Lock()

    def __init__(self) -> None:
        self.is_sent = self.is_over = False
        self._connection: _Watched | None = None

    def begin(self, connection: "_Watched") -> None:
        """From here on the other side may see something of it."""
        with self._lock:
            if self.is_over:
                raise TimeoutError
            self._connection, self.is_sent = connection, True
            connection.serves = self

    def end(self) -> None:
        """Wakes whoever reads or writes: a socket's own timeout begins anew with each byte."""
        with self._lock:
            self.is_over = True
            if self._connection is not None and self._connection.serves is self:  # and not the next request
                _shut(self._connection.sock)


_under_way: ContextVar[_Exchange] = ContextVar("exchange")


@contextmanager
def _deadline(seconds: float) -> Iterator[_Exchange]:
    exchange = _Exchange()
    timer = Timer(seconds, exchange.end)
    timer.daemon = True
    token = _under_way.set(exchange)
    timer.start()
    try:
        yield exchange
    finally:
        timer.cancel()
        timer.join()
        _under_way.reset(token)


def _shut(connected: socket.socket | None) -> None:
    if connected is not None:
        with suppress(OSError):  # it has ended by itself
            # Of a TLS socket, too: there is no farewell, which would wait.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    """A connection that tells the exchange under way when its request goes out."""

    serves: _Exchange | None = None

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.is_closed:
            self.connect()
        _under_way.get().begin(self)
        super().request(*arguments, **options)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def _reason(error: Exception) -> str:
    """For people: urllib3 puts the objects that were involved before what happened."""
    cause: BaseException = error
    while (inner := cause.__cause__ or _argument(cause)) is not None:
        cause = inner
    return str(cause) or type(cause).__name__


def _argument(error: BaseException) -> BaseException | None:
    return next((each for each in error.args if isinstance(each, BaseException)), None)
