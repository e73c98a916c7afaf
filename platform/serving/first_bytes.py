"""HTTP/1.1 and HTTP/2 on one port: a connection's first bytes, or what TLS agreed on, say which it is.

The connection is handed on whole; from then on this is not on its way.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr, is_ssl
from uvicorn.server import ServerState

from serving.guard import Pass, guard_of
from serving.http1 import Http1Protocol
from serving.http2 import Http2Protocol

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113, section 3.4."""


class FirstBytesProtocol(asyncio.Protocol):
    """What uvicorn makes for each connection (`--http serving.first_bytes:FirstBytesProtocol`)."""

    alpn_protocols: ClassVar[list[str]] = ["h2", "http/1.1"]
    """Uvicorn offers these in TLS."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config, self._state, self._app_state = config, server_state, app_state
        self._loop = _loop or asyncio.get_running_loop()
        self.guard = guard_of(server_state, self._loop)
        self._address = ""
        self._pass: Pass | None = None
        self._data = b""
        self._transport: asyncio.Transport
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._address = (get_remote_addr(transport) or ("", 0))[0]
        self._pass = self.guard.admit(self._address, transport.abort)
        if self._pass is None:
            transport.abort()
            return
        self._since = self._loop.time()
        if is_ssl(transport):
            agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
            self._hand_on(agreed == "h2")
        else:
            self._state.connections.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._data += data
        if len(self._data) < len(PREFACE) and PREFACE.startswith(self._data):
            return
        self._state.connections.discard(self)
        self._hand_on(self._data.startswith(PREFACE))

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        if self._pass is not None:
            self._pass.leave()

    def eof_received(self) -> None:
        """Closes the connection."""

    def shutdown(self) -> None:
        """The server ends."""
        self._transport.close()

    def sweep(self, now: float) -> None:
        if now - self._since > self.guard.limits.header_seconds:
            self._transport.close()

    def idle_seconds(self, now: float) -> float:
        """None: nothing was asked yet."""
        return 0.0

    def _hand_on(self, is_http2: bool) -> None:
        assert self._pass is not None
        kind = Http2Protocol if is_http2 else Http1Protocol
        protocol = kind(self._config, self._state, self._app_state, self._loop, self.guard, self._pass)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if self._data:
            protocol.data_received(self._data)
            self._data = b""
