"""HTTP/2 beside HTTP/1.1: CPU of a call, uvicorn's own protocol against ours in turns, and a thousand streams over few connections."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median

import h2.events as e
import psutil
from h2.connection import H2Connection

from embedded.ports import free_port
from embedded.server import PROTOCOLS
from tests.bench import load
from tests.bench.processes import cpu_seconds, running, uvicorn, wait_for, wait_for_port

ROUNDS = 5
CONCURRENCY = 16
STREAMS, CONNECTIONS = 1000, 20


@dataclass
class Row:
    name: str
    cpu: list[float] = field(default_factory=list)
    """Milliseconds of CPU per call, by round."""
    per_second: list[float] = field(default_factory=list)
    errors: int = 0


def measure(*, key: str, env: dict[str, str], count: int) -> list[Row]:
    """Two gateways, one with uvicorn's own protocol, asked in turns."""
    upstream, plain, both, other = free_port(), free_port(), free_port(), free_port()
    env = {**env, "BEDROCK_ENDPOINT_URL": f"http://127.0.0.1:{upstream}"}
    bodies = load.prompts(count // ROUNDS)
    requests = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in bodies]
    rows = [Row("HTTP/1.1, uvicorn's own"), Row("HTTP/1.1"), Row("HTTP/2")]
    with (
        running(["-m", "tests.bench.upstream", str(upstream), "0"]),
        running(_with_protocol(plain, "httptools"), env=env) as old,
        running(_with_protocol(both, PROTOCOLS), env=env) as new,
        # One of its own: what a gateway still writes down after its calls would count as the next ones' cost.
        running(_with_protocol(other, PROTOCOLS), env=env) as newer,
    ):
        wait_for_port(upstream)
        for port in (plain, both, other):
            wait_for(port, "/readyz")
            asyncio.run(load.run(port=port, requests=requests[:200], concurrency=CONCURRENCY))
        for number in range(ROUNDS):
            order = [(rows[0], plain, old), (rows[1], both, new)]
            for row, port, process in reversed(order) if number % 2 else order:
                with _Costs(row, process, len(requests)):
                    found = asyncio.run(load.run(port=port, requests=requests, concurrency=CONCURRENCY))
                row.errors += found.errors
            with _Costs(rows[2], newer, len(bodies)):
                rows[2].errors += asyncio.run(
                    calls(other, key, bodies, connections=2, concurrency=CONCURRENCY)
                )
        streamed = load.prompts(STREAMS, stream=True)
        row = Row(f"HTTP/2, {STREAMS} streams at once over {CONNECTIONS} connections, per stream")
        with _Costs(row, newer, STREAMS):
            row.errors += asyncio.run(
                calls(other, key, streamed, connections=CONNECTIONS, concurrency=STREAMS)
            )
        rows.append(row)
        row = Row(f"HTTP/1.1, {STREAMS} streams at once, per stream")
        requests = [load.request_bytes("/v1/chat/completions", body=body, key=key) for body in streamed]
        with _Costs(row, new, STREAMS):
            row.errors += asyncio.run(load.run(port=both, requests=requests, concurrency=STREAMS)).errors
        rows.append(row)
    return rows


def show(rows: list[Row]) -> None:
    print("\n| what | CPU ms / call | against uvicorn's own | calls / s | errors |\n|---|---|---|---|---|")
    for row in rows:
        ratio = median(mine / other for mine, other in zip(row.cpu, cycle(rows[0].cpu), strict=False))
        print(
            f"| {row.name} | {median(row.cpu):.3f} | {ratio:.3f} | {median(row.per_second):.0f} | {row.errors} |"
        )


class _Costs:
    """Notes what the block cost a process."""

    def __init__(self, row: Row, process: psutil.Process, calls: int) -> None:
        self._row, self._process, self._calls = row, process, calls

    def __enter__(self) -> None:
        self._cpu, self._began = cpu_seconds([self._process]), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._row.per_second.append(self._calls / (time.perf_counter() - self._began))
        self._row.cpu.append((cpu_seconds([self._process]) - self._cpu) / self._calls * 1000)


def _with_protocol(port: int, protocol: str) -> list[str]:
    arguments = uvicorn("config.asgi:application", port)
    arguments[arguments.index("--http") + 1] = protocol
    return arguments


async def calls(port: int, key: str, bodies: list[bytes], *, connections: int, concurrency: int) -> int:
    """Makes the calls, so many at a time on each of the connections; how many were not answered with 200, whole."""
    pending = iter(bodies)
    each = concurrency // connections
    return sum(await asyncio.gather(*(_connection(port, key, pending, each) for _ in range(connections))))


async def _connection(port: int, key: str, pending, concurrency: int) -> int:  # type: ignore[no-untyped-def]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    http, open_streams, errors = H2Connection(), set[int](), 0
    http.initiate_connection()
    head = [(":method", "POST"), (":scheme", "http"), (":authority", "bench"), (":path", "/v1/chat/completions"),
            ("authorization", f"Bearer {key}"), ("content-type", "application/json")]  # fmt: skip

    def more() -> None:
        while len(open_streams) < concurrency and (body := next(pending, None)) is not None:
            stream_id = http.get_next_available_stream_id()
            open_streams.add(stream_id)
            http.send_headers(stream_id, [*head, ("content-length", str(len(body)))])
            http.send_data(stream_id, body, end_stream=True)

    more()
    while open_streams:
        writer.write(http.data_to_send())
        if not (data := await reader.read(262_144)):
            return errors + len(open_streams)
        for event in http.receive_data(data):
            if isinstance(event, e.DataReceived):
                http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, e.ResponseReceived):
                errors += dict(event.headers)[b":status"] != b"200"
            elif isinstance(event, e.StreamEnded | e.StreamReset):
                errors += isinstance(event, e.StreamReset)
                open_streams.discard(event.stream_id)
        more()
    writer.close()
    return errors
