"""Probes, such as those of /readyz, are answered while the loop is late: by a thread, which then accepts connections in its stead.

Two thousand streams on a machine that has more to do keep a loop busy for a second at a time. A thread has its turn within
milliseconds all the same. What it accepts that is no probe it hands to the loop. While the loop is on time it does nothing.
"""

import asyncio
import logging
import select
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from socket import MSG_PEEK, socket

logger = logging.getLogger("uvicorn.error")

answers: dict[bytes, Callable[[], tuple[int, bytes] | None]] = {}
"""By path: an answer's status and its body, in JSON; None where the loop is to answer. Called by the thread; it must not wait."""

_BEAT_SECONDS = 0.03
_LATE_SECONDS = 0.07
_FIRST_BYTES_SECONDS = 0.01
"""How long a connection's first bytes are waited for; a probe's are there when it is accepted late."""
_MAX_BYTES = 4096
_SEND_SECONDS = 1.0
_AT_ONCE = 16
_REASONS = {200: b"OK", 503: b"Service Unavailable"}


class StandIn:
    """Of one acceptor. `take` is given what is no probe, in the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listeners: Sequence[socket],
        take: Callable[[socket], None],
        has_room: Callable[[], bool],
    ) -> None:
        self._loop, self._listeners, self._take, self._has_room = loop, listeners, take, has_room
        self._is_open = True
        self._beat_at = time.monotonic()
        self._timer = loop.call_later(_BEAT_SECONDS, self._beat)
        threading.Thread(target=self._run, name="probes", daemon=True).start()

    def close(self) -> None:
        self._is_open = False
        self._timer.cancel()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        if self._is_open:
            self._timer = self._loop.call_later(_BEAT_SECONDS, self._beat)

    def _run(self) -> None:
        while self._is_open:
            time.sleep(_BEAT_SECONDS)
            if not self._is_late():
                continue
            try:
                self._stand_in()
            except (
                Exception
            ):  # a listener that was closed meanwhile, or whatever else: the loop accepts as well
                if self._is_open:
                    logger.debug("probes could not be looked for", exc_info=True)

    def _is_late(self) -> bool:
        return time.monotonic() - self._beat_at > _LATE_SECONDS

    def _stand_in(self) -> None:
        poll = select.poll()
        for listener in self._listeners:
            poll.register(listener, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(_BEAT_SECONDS * 1000)}
        for listener in self._listeners:
            if listener.fileno() not in ready:
                continue
            for _ in range(_AT_ONCE):
                if not self._is_open or not self._is_late() or not self._has_room():
                    return
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    break
                if not _answered(accepted):
                    self._hand_over(accepted)

    def _hand_over(self, accepted: socket) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, accepted)
        except RuntimeError:  # the loop has ended
            accepted.close()


def _answered(accepted: socket) -> bool:
    """Answers a probe, and closes its connection; whether it was one."""
    try:
        accepted.settimeout(_FIRST_BYTES_SECONDS)
        head = accepted.recv(_MAX_BYTES, MSG_PEEK)
        if (answer := _answer_to(head)) is None:
            return False
        accepted.settimeout(_SEND_SECONDS)
        accepted.recv(_MAX_BYTES)  # else closing would be a reset
        accepted.sendall(answer)
    except OSError:
        return False
    with suppress(OSError):
        accepted.close()
    return True


def _answer_to(head: bytes) -> bytes | None:
    """To a whole request for a probe's address, and no more; None to others, of which nothing has been read."""
    if not head.startswith(b"GET /") or not head.endswith(b"\r\n\r\n") or head.count(b"\r\n\r\n") != 1:
        return None
    path, _, version = head.partition(b"\r\n")[0][4:].partition(b" ")
    find = answers.get(path.partition(b"?")[0])
    if find is None or not version.startswith(b"HTTP/1.") or (found := find()) is None:
        return None
    status, body = found
    return (
        b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        % (status, _REASONS.get(status, b"Unknown"), len(body))
    ) + body
