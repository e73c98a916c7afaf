"""A simulator for tests: a process of its own on a free port, with boto3 clients and its controls."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import orjson
from botocore.config import Config

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

_ROOT = Path(__file__).resolve().parent.parent / "platform"


class RunningSimulator:
    """A simulator at a URL. Close it, for its boto3 clients' connections."""

    def __init__(self, url: str, process_id: int = 0) -> None:
        self.url = url
        self.process_id = process_id
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(
        self, region: str = "us-east-1", *, service: str = "bedrock-runtime", secret: str = SECRET_ACCESS_KEY
    ) -> Any:
        """A boto3 client that doesn't retry."""
        key = (region, service, secret)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=ACCESS_KEY_ID,
                aws_secret_access_key=secret,
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50, read_timeout=30),
            )
        return self._clients[key]

    def configure(self, region: str, **settings: Any) -> dict[str, Any]:
        """Sets a region's pace and faults, and answers with all of them."""
        return self._control("PUT", f"regions/{region}", settings)

    def script(self, *scripts: dict[str, Any]) -> None:
        """What it says next: see `PUT /_simulator/replies`."""
        self._control("PUT", "replies", list(scripts))

    def reset(self) -> None:
        """Puts every region's settings back, and forgets what was received and what it should say."""
        self.script()
        self._control("DELETE", "regions")
        self._control("DELETE", "requests")

    def received(self) -> dict[str, Any]:
        """What it received: see `GET /_simulator/requests`."""
        return self._control("GET", "requests")

    def close(self) -> None:
        """Closes the clients."""
        for client in self._clients.values():
            client.close()

    def _control(
        self, method: str, path: str, body: dict[str, Any] | list[Any] | None = None
    ) -> dict[str, Any]:
        data = None if body is None else orjson.dumps(body)
        request = Request(f"{self.url}/_simulator/{path}", data, method=method)
        with urlopen(request, timeout=10) as answer:
            value: dict[str, Any] = orjson.loads(answer.read() or b"{}")
        return value


@contextmanager
def running(*arguments: str) -> Iterator[RunningSimulator]:
    """Starts a simulator, given more arguments for its command line, and stops it."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_SIMULATOR")
    }
    environ["PYTHONPATH"] = os.pathsep.join((str(_ROOT), *filter(None, [environ.get("PYTHONPATH")])))
    command = [sys.executable, "-m", "embedded.simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "ready on " not in line:
                raise RuntimeError("the simulator did not start; its error output says why")
            simulator = RunningSimulator(line.rpartition(" ")[2].strip(), process.pid)
            try:
                yield simulator
            finally:
                simulator.close()
        finally:
            process.terminate()
