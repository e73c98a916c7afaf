"""Runs the simulator: one process, one port, all regions."""

import logging
import os
import resource
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from types import FrameType

import uvicorn

from embedded.simulator.app import Simulator
from embedded.simulator.credentials import SimulatorCredentials
from embedded.simulator.faults import Settings
from embedded.simulator.models import Models

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8001
_BACKLOG = 4096
_LAST_PORT = 65_535
# What uvicorn says of an answer that ends early; here that is a fault asked for, not a mistake.
_EXPECTED = "ASGI callable returned without completing response."


class PortTaken(Exception):
    """Nothing can listen there; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen, and the pace that regions have unless told otherwise."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tokens_per_second: float = 0.0
    time_to_first_token_ms: float = 0.0
    lenient: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Options":
        """What the GATEHOUSE_SIMULATOR_… variables say. Raises ValueError that names the variable."""
        return cls(
            host=environ.get("GATEHOUSE_SIMULATOR_HOST") or DEFAULT_HOST,
            port=_port(environ),
            tokens_per_second=_number(environ, "TOKENS_PER_SECOND", 0.0),
            time_to_first_token_ms=_number(environ, "TIME_TO_FIRST_TOKEN_MS", 0.0),
            lenient=environ.get("GATEHOUSE_SIMULATOR_LENIENT", "").lower() in ("1", "true", "yes"),
        )


def serve(options: Options) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises PortTaken."""
    listener = _listen(options.host, options.port)
    _raise_file_limit()
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.getMessage() != _EXPECTED)
    app = Simulator(
        SimulatorCredentials.from_environment(os.environ),
        models=Models.load(lenient=options.lenient),
        defaults=Settings(
            tokens_per_second=options.tokens_per_second,
            time_to_first_token_ms=options.time_to_first_token_ms,
        ),
    )
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it is ready, and ends with status 0 on a signal."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            print(f"Bedrock simulator ready on http://{host}:{port}", flush=True)  # noqa: T201

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, but without raising the signal again once the server has stopped."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # so that a second simulator fails at once
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise PortTaken(f"The Bedrock simulator cannot listen on {host}:{port}: {reason}.") from None
    listener.set_inheritable(True)
    return listener


def _raise_file_limit() -> None:
    """A thousand streams are a thousand sockets, and the usual soft limit is 1024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _port(environ: Mapping[str, str]) -> int:
    value = environ.get("GATEHOUSE_SIMULATOR_PORT") or str(DEFAULT_PORT)
    if not value.isdecimal() or int(value) > _LAST_PORT:
        raise ValueError(f"GATEHOUSE_SIMULATOR_PORT must be a whole number from 0 to {_LAST_PORT}")
    return int(value)


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    key = f"GATEHOUSE_SIMULATOR_{name}"
    try:
        value = float(environ.get(key) or default)
    except ValueError:
        raise ValueError(f"{key} must be a number") from None
    if not 0 <= value < inf:
        raise ValueError(f"{key} must be a number, not negative")
    return value
