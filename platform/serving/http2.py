"""HTTP/2: one connection, whose frames `h2` reads and writes, and whose requests each run the ASGI application.

Sources: RFC 9113; of the floods, CVE-2023-44487 (rapid reset), CVE-2024-27316 (CONTINUATION, which h2 bounds at 64
frames), CVE-2019-9512, -9514, -9515 and -9518 (PING, resets, SETTINGS and empty frames), CVE-2025-8671 (work that goes on after
its stream was reset, by whichever side: what is bounded is applications at work, not open streams).
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

import h2.events as e
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import Frame, GoAwayFrame
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from serving.guard import Guard, Pass
from serving.http2_stream import Stream
from serving.limits import Allowance

logger = logging.getLogger("uvicorn.error")

_SLICE = 16_384
"""Bytes read at a time, so that a flood is noticed before all of it has been worked through."""
_STREAM_WINDOW, _CONNECTION_WINDOW = 256 * 1024, 1024 * 1024
"""Bytes of bodies that a client may send before the application has taken any."""
_MAX_TABLE_BYTES = 4096
"""Of the table that compresses our headers, whatever size a client allows."""
_LEAVING_SECONDS = 10.0
"""How long a connection without a request is kept after its client said that it leaves."""
_BEFORE_SETTINGS = 8
"""So many times its streams may a client open before it can know how many it may."""


class Http2Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        guard: Guard,
        held: Pass,
    ) -> None:
        self.config, self.state, self.loop = config, state, loop
        self.limits = guard.limits
        self._app_state, self._guard, self._pass, self._address = app_state, guard, held, held.address
        self.h2 = _connection(guard)
        self.transport: asyncio.Transport
        self.streams: dict[int, Stream] = {}
        self.running = 0
        """Applications at work; one may go on for a while after its stream was taken back."""
        self.is_full = False
        """Whether the transport takes nothing more for now."""
        self._is_draining = False
        self._knows_settings = False
        self._idle_since = loop.time()
        self._idle_seconds = self.limits.idle_seconds
        self._resets = Allowance(self.limits.resets_per_second, self._idle_since)
        self._controls = Allowance(self.limits.control_frames_per_second, self._idle_since)
        self._full_at: tuple[float, int] = (0.0, 0)

    # --- the transport's side ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.state.connections.add(self)  # type: ignore[arg-type]
        self._server, self._client = get_local_addr(transport), get_remote_addr(transport)
        self._scheme = "https" if is_ssl(transport) else "http"
        self.h2.initiate_connection()
        # From here on h2's own limits are only the last resort: above them it ends the whole connection, where a
        # client that could not know better is told to try again.
        most = self.limits.streams_per_connection * _BEFORE_SETTINGS * 2
        self.h2.local_settings = _settings(self._guard, streams=most)
        self.h2.increment_flow_control_window(_CONNECTION_WINDOW - 65_535)
        self.flush()

    def data_received(self, data: bytes) -> None:
        if len(data) <= _SLICE:
            self._read(data)
            return
        for start in range(0, len(data), _SLICE):
            if self.transport.is_closing():
                return
            self._read(data[start : start + _SLICE])

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.connections.discard(self)
        self._pass.leave()
        for stream in tuple(self.streams.values()):
            stream.leave()
        self.streams.clear()

    def eof_received(self) -> None:
        """Closes the connection."""

    def pause_writing(self) -> None:
        """The client does not read: nothing more is read of it either, lest its PINGs fill the memory with answers."""
        self.is_full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.is_full = False
        self.transport.resume_reading()
        self._wake_all()

    def shutdown(self) -> None:
        """No new requests, and the connection is closed after the last."""
        if self._is_draining:
            return
        self._is_draining = True
        # By hand: h2's own closes the connection for the answers that are under way, too.
        self.transport.write(GoAwayFrame(0, self.h2.highest_inbound_stream_id).serialize())
        self.close_if_done()

    def sweep(self, now: float) -> None:
        """Ends streams whose bodies come too slowly or whose answers nobody takes, and a connection without streams."""
        if self.transport.is_closing():
            return
        if self._is_stalled(now):
            self.transport.abort()
            return
        if not self.streams:
            if now - self._idle_since > self._idle_seconds:
                self.close(ErrorCodes.NO_ERROR)
            return
        for stream in tuple(self.streams.values()):
            if stream.is_too_slow(now):
                self.reset(stream, ErrorCodes.ENHANCE_YOUR_CALM)
        self.flush()

    def idle_seconds(self, now: float) -> float:
        """Since its last stream; 0 where one is under way, or none has come yet."""
        is_idle = not self.streams and self.h2.highest_inbound_stream_id > 0
        return now - self._idle_since if is_idle else 0.0

    def _is_stalled(self, now: float) -> bool:
        """Whether the transport's buffer has stayed as it is for longer than may be."""
        size = self.transport.get_write_buffer_size() if self.is_full else 0
        if size != self._full_at[1]:
            self._full_at = (now, size)
        return size > 0 and now - self._full_at[0] > self.limits.stalled_seconds

    # --- frames --------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        try:
            for event in self.h2.receive_data(data):
                if (handle := _HANDLERS.get(type(event))) is not None:
                    handle(self, event)
                if self.transport.is_closing():
                    return
        except ProtocolError as error:
            logger.debug("HTTP/2 from %s: %s", self._address, error)
            self.flush()  # h2 has put a GOAWAY there that says why
            self.transport.close()
            return
        except Exception:
            logger.exception("HTTP/2 from %s could not be read", self._address)
            self.transport.abort()
            return
        self.flush()

    def _on_request(self, event: e.RequestReceived) -> None:
        stream_id = event.stream_id
        if event.priority_updated is not None:
            self._controls.give()  # it comes with the headers, and is told once more as a frame of its own
        most = self.limits.streams_per_connection * (1 if self._knows_settings else _BEFORE_SETTINGS)
        if self._is_draining or self.running >= most:
            self.h2.reset_stream(stream_id, ErrorCodes.REFUSED_STREAM)  # clients know it as safe to try again
            if self._knows_settings:
                self._count(self._resets)
            return
        scope = self._scope(event.headers)
        if scope is None or len(event.headers) > self.limits.header_count:
            self.h2.reset_stream(stream_id, ErrorCodes.PROTOCOL_ERROR)
            self._count(self._resets)
            return
        stream = self.streams[stream_id] = Stream(self, stream_id, scope)
        self.running += 1
        task = self.loop.create_task(stream.run(self.config.loaded_app))
        self.state.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.running -= 1
        self.state.tasks.discard(task)

    def _on_data(self, event: e.DataReceived) -> None:
        if not event.data and event.stream_ended is None:
            self._count(self._controls)
        if (stream := self.streams.get(event.stream_id)) is not None:
            stream.feed(event.data, event.flow_controlled_length)
        else:
            self.acknowledge(event.stream_id, event.flow_controlled_length)

    def _on_end(self, event: e.StreamEnded) -> None:
        if (stream := self.streams.get(event.stream_id)) is not None:
            stream.feed_end()

    def _on_reset(self, event: e.StreamReset) -> None:
        self._count(self._resets)
        if (stream := self.streams.get(event.stream_id)) is not None:
            self.forget(stream)

    def _on_window(self, event: e.WindowUpdated) -> None:
        if event.stream_id == 0:
            self._wake_all()
        elif (stream := self.streams.get(event.stream_id)) is not None:
            stream.wake()

    def _on_settings(self, event: e.RemoteSettingsChanged) -> None:
        self._count(self._controls)
        if self.h2.encoder.header_table_size > _MAX_TABLE_BYTES:
            self.h2.encoder.header_table_size = _MAX_TABLE_BYTES
        self._wake_all()

    def _on_acknowledged(self, event: e.SettingsAcknowledged) -> None:
        self._knows_settings = True

    def _on_control(self, event: e.Event) -> None:
        self._count(self._controls)

    def _on_goaway(self, event: e.ConnectionTerminated) -> None:
        self.close_soon()

    def _count(self, allowance: Allowance) -> None:
        if not allowance.take(self.loop.time()):
            logger.warning("HTTP/2 from %s was ended: a flood of frames", self._address)
            self.close(ErrorCodes.ENHANCE_YOUR_CALM)

    def _scope(self, headers: list[tuple[bytes, bytes]]) -> dict[str, Any] | None:
        """ASGI's scope; None where there can be none (CONNECT, a path that is no path)."""
        pseudo = {name: value for name, value in headers if name[:1] == b":"}
        target = pseudo.get(b":path", b"")
        if not target.startswith(b"/") or not target.isascii():
            return None
        raw_path, _, query = target.partition(b"?")
        plain = [pair for pair in headers if pair[0][:1] != b":"]
        if (authority := pseudo.get(b":authority")) and not any(name == b"host" for name, _ in plain):
            plain.insert(0, (b"host", authority))
        path = (
            unquote_to_bytes(raw_path).decode("utf-8", "replace") if b"%" in raw_path else raw_path.decode()
        )
        root = self.config.root_path
        return {
            "type": "http",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.3"},
            "http_version": "2",
            "server": self._server,
            "client": self._client,
            "scheme": self._scheme,
            "method": pseudo[b":method"].decode("ascii"),
            "root_path": root,
            "path": root + path,
            "raw_path": root.encode() + raw_path,
            "query_string": query,
            "headers": plain,
            "state": self._app_state.copy(),
            "extensions": self._pass.extensions,
        }

    # --- for its streams -----------------------------------------------------------------------------

    def flush(self) -> None:
        """Hands what h2 has to say to the transport."""
        if (data := self.h2.data_to_send()) and not self.transport.is_closing():
            self.transport.write(data)

    def acknowledge(self, stream_id: int, size: int) -> None:
        """Lets the client send as much again."""
        if size and not self.transport.is_closing():
            with suppress(ProtocolError):
                self.h2.acknowledge_received_data(size, stream_id)

    def reset(self, stream: Stream, code: ErrorCodes) -> None:
        """Ends one stream, and leaves the others."""
        if self.streams.get(stream.id) is stream and not self.transport.is_closing():
            with suppress(ProtocolError):
                self.h2.reset_stream(stream.id, code)
        self.forget(stream)

    def forget(self, stream: Stream) -> None:
        """A stream is over: whatever it still does is told that nobody listens."""
        if self.streams.pop(stream.id, None) is None:
            return
        stream.leave()
        self.close_if_done()

    def close_if_done(self) -> None:
        if not self.streams:
            self._idle_since = self.loop.time()
            if self._is_draining:
                self.close(ErrorCodes.NO_ERROR)

    def close_soon(self) -> None:
        """Closes it once it is idle. Not at once: Node drops what it has not yet read of an answer when we do, right after it, and
        Python's h2 takes a GOAWAY for the end of all streams that are under way."""
        self._idle_seconds = min(self._idle_seconds, _LEAVING_SECONDS)

    def close(self, code: ErrorCodes) -> None:
        if not self.transport.is_closing():
            self.flush()
            self.transport.write(GoAwayFrame(0, self.h2.highest_inbound_stream_id, code).serialize())
            self.transport.close()

    def _wake_all(self) -> None:
        for stream in self.streams.values():
            stream.wake()


class _Connection(H2Connection):
    """h2's, for which a client's GOAWAY is no end of the answers that are under way (RFC 9113, section 6.8).

    AWS's Node SDK sends one as soon as the answer of a ConverseStream begins (smithy's NodeHttp2Handler).
    """

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[e.Event]]:
        return [], [e.ConnectionTerminated()]


def _settings(guard: Guard, *, streams: int) -> Settings:
    return Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: guard.limits.header_bytes,
            SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
        },
    )


def _connection(guard: Guard) -> H2Connection:
    # What we send ourselves is right, and checked for what could be injected (Stream._begin).
    found = _Connection(
        H2Configuration(
            client_side=False,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
    )
    found.local_settings = _settings(guard, streams=guard.limits.streams_per_connection)
    found.decoder.max_header_list_size = guard.limits.header_bytes
    return found


_HANDLERS: dict[type[e.Event], Callable[[Http2Protocol, Any], None]] = {
    e.RequestReceived: Http2Protocol._on_request,
    e.DataReceived: Http2Protocol._on_data,
    e.StreamEnded: Http2Protocol._on_end,
    e.StreamReset: Http2Protocol._on_reset,
    e.WindowUpdated: Http2Protocol._on_window,
    e.RemoteSettingsChanged: Http2Protocol._on_settings,
    e.SettingsAcknowledged: Http2Protocol._on_acknowledged,
    e.PingReceived: Http2Protocol._on_control,
    e.PriorityUpdated: Http2Protocol._on_control,
    e.ConnectionTerminated: Http2Protocol._on_goaway,
}
