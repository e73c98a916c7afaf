"""CPU of one upstream call by client library, on its own in a process: `python -m tests.bench.clients NAME PORT`."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec

from embedded.ports import free_port
from tests.bench.processes import running, wait_for_port

REQUESTS = 3000
CONCURRENCY = (1, 16)
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "word " * 100}]}]}).encode()
PATH = "/model/m/converse"

Call = Callable[[], Awaitable[None]]


async def _measure(call: Call, concurrency: int) -> float:
    """CPU milliseconds of this process per call."""

    async def worker() -> None:
        for _ in range(REQUESTS // concurrency):
            await call()

    for _ in range(50):
        await call()
    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return (time.process_time() - begun) / REQUESTS * 1000


async def _pyreqwest(url: str) -> list[float]:
    from gateway.providers.transport import Transport

    transport = Transport(max_connections=64, connect_timeout_seconds=5)

    async def call() -> None:
        async with transport.post(url + PATH, headers={}, body=BODY, timeout_seconds=30) as answer:
            await answer.read()

    found = [await _measure(call, concurrency) for concurrency in CONCURRENCY]
    await transport.close()
    return found


async def _aiohttp(url: str) -> list[float]:
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def call() -> None:
            async with session.post(url + PATH, data=BODY) as answer:
                await answer.read()

        return [await _measure(call, concurrency) for concurrency in CONCURRENCY]


async def _aiobotocore(url: str) -> list[float]:
    from aiobotocore.session import get_session

    session = get_session()
    messages = json.loads(BODY)["messages"]
    options = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    async with session.create_client("bedrock-runtime", endpoint_url=url, **options) as client:

        async def call() -> None:
            await client.converse(modelId="m", messages=messages)

        return [await _measure(call, concurrency) for concurrency in CONCURRENCY]


CLIENTS = {"pyreqwest": _pyreqwest, "aiohttp": _aiohttp, "aiobotocore": _aiobotocore}


def table() -> None:
    """Prints the figures of the clients that are installed; aiobotocore's include signing and parsing."""
    print("\n| upstream client | CPU ms at concurrency 1 | at 16 |\n|---|---|---|")
    port = free_port()
    with running(["-m", "tests.bench.upstream", str(port)]):
        wait_for_port(port)
        for name in CLIENTS:
            if find_spec(name) is None:
                print(f"| {name} | not installed | |")
                continue
            arguments = [sys.executable, "-m", "tests.bench.clients", name, str(port)]
            one, many = json.loads(
                subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
            )
            print(f"| {name} | {one:.3f} | {many:.3f} |")


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(CLIENTS[sys.argv[1]](f"http://127.0.0.1:{sys.argv[2]}"))))
