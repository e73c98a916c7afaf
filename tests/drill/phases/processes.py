"""Processes that start or end while something goes wrong."""

import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress

import httpx
from psycopg import sql

from kernel.background import app
from tests.client import HTTP
from tests.drill.load import Caller, Made, call
from tests.drill.phases.ground import PYTHON
from tests.drill.phases.phase import Phase
from tests.services import ROOT, Server

_END_SECONDS = 60.0
"""What a process may take to end: ten for open connections, thirty for what is to be written, and some for the rest."""


class GatewayStarts(Phase):
    name = "gateway starts"
    lead = 2.0
    server: Server | None = None
    spare: Server | None = None
    """One that was started in an earlier row, to be ended in a later one."""

    def begin(self) -> None:
        self._begun = time.monotonic()
        self.server = self.ground.gateway(waits=False)

    def is_whole(self) -> bool:
        assert self.server is not None
        if not self.server.is_alive:
            self.outcome = self.broken = "it ended, and would have to be started again"
            return True
        if not self.server.is_ready or not _answers(self.server.url, self.ground.key):
            return False
        self.outcome = f"up by itself after {time.monotonic() - self._begun:.0f} s"
        return True

    def close(self) -> None:
        if self.server is None:
            return
        if self.broken or not self.server.is_alive or GatewayStarts.spare is not None:
            self.server.stop()
        else:
            GatewayStarts.spare = self.server


class WebStarts(Phase):
    name = "web starts"
    lead = 2.0

    def begin(self) -> None:
        self._begun = time.monotonic()
        env = {"DATABASE_URL": self.ground.database_url, **self.ground.common}
        self._server = self.ground.stack.web(env=env, waits=False)

    def is_whole(self) -> bool:
        if not self._server.is_alive:
            self.outcome = self.broken = "it ended, and would have to be started again"
            return True
        if not self._server.is_ready:
            return False
        self.outcome = f"up by itself after {time.monotonic() - self._begun:.0f} s"
        return True

    def close(self) -> None:
        self._server.stop()


class WorkerStarts(Phase):
    """The drill's own, in its place."""

    name = "worker starts"
    lead = 1.5

    def prepare(self) -> None:
        self._worker = self.ground.background[0]
        self._worker.kill()  # asked to stop, it would see its work to the end first

    def begin(self) -> None:
        self._begun, self._ends = time.monotonic(), 0
        self._asked_at = 0.0
        self._worker.start()

    def is_whole(self) -> bool:
        if not self._worker.is_alive():  # Celery's worker may be started again by who supervises it
            self._ends += 1
            with suppress(OSError):
                self._worker.start()
            return False
        pulse = self.ground.world.execute(
            "SELECT count(*) FROM governance_workerpulse WHERE at > now() - interval '2 s'"
        )
        if not pulse[0]["count"]:
            if time.monotonic() - self._asked_at > 2:
                self._asked_at = time.monotonic()
                send("governance.tasks.pulse", "ledger", queue="ledger")
            return False
        self.outcome = f"works after {time.monotonic() - self._begun:.0f} s" + (
            f", started {self._ends} times more" if self._ends else ""
        )
        return True


class Migration(Phase):
    """Of a fresh database."""

    name = "migration"
    lead = 3.0

    def prepare(self) -> None:
        self._database = f"migrated_{self.number}"
        with self.ground.stack.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
        self._url = self.ground.stack.postgres.rpartition("/")[0] + f"/{self._database}"
        self._tries = 0
        self._says = ""

    def begin(self) -> None:
        self._begun = time.monotonic()
        self._tries += 1
        self._process = self._manage("migrate", "--no-input")

    def _manage(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [PYTHON, str(ROOT / "manage.py"), *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.ground.stack.environment(DATABASE_URL=self._url, **self.ground.common),
        )  # fmt: skip

    def is_whole(self) -> bool:
        if (code := self._process.poll()) is None:
            return False
        said = self._process.stdout.read() if self._process.stdout else ""
        if code and self._tries >= 4:
            self.outcome, self.broken = "failed four times", said[-600:]
            return True
        if code:
            self._says = said.strip().splitlines()[-1][:120] if said.strip() else f"exit code {code}"
            if "Traceback" in said:
                self._says = f"a traceback: {self._says}"
            self.begin()
            return False
        check = self._manage("migrate", "--check")
        found, _ = check.communicate(timeout=60)
        self.outcome = f"done, try {self._tries}" + (f" (before: {self._says})" if self._says else "")
        if check.returncode:
            self.broken = f"migrate --check: {found[-300:]}"
        return True

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        with suppress(Exception), self.ground.stack.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._database))
            )


class Shutdown(Phase):
    """SIGTERM, with streams open."""

    name = "shutdown"
    streams = 4

    def prepare(self) -> None:
        self._server = GatewayStarts.spare or self.ground.gateway()
        GatewayStarts.spare = None
        self.made: list[Made] = []
        caller = Caller(self.ground.key, 80, is_stream=True)
        self._threads = [
            threading.Thread(target=self._stream, args=(caller,), daemon=True) for _ in range(self.streams)
        ]
        for thread in self._threads:
            thread.start()
        time.sleep(1.0)

    def begin(self) -> None:
        self._begun = time.monotonic()
        self._server.signal(signal.SIGTERM)

    def _stream(self, caller: Caller) -> None:
        import asyncio

        async def once() -> None:
            async with httpx.AsyncClient(timeout=60) as client:
                await call(client, [self._server.url], caller, made)

        self.made.append(made := Made(time.monotonic(), caller.tokens, is_stream=True))
        asyncio.run(once())

    def is_whole(self) -> bool:
        passed = time.monotonic() - self._begun
        if self._server.is_alive:
            if passed > _END_SECONDS:
                self.outcome, self.broken = (
                    "has not ended",
                    f"still there {passed:.0f} s after SIGTERM (pid {self._server.pid})",
                )
                return True
            return False
        if not hasattr(self, "_took"):
            self._took = passed
        ids = [each.call_id for each in self.made if each.call_id]
        rows = self.ground.world.execute(
            "SELECT status FROM governance_auditrecord WHERE call_id = ANY(%s::uuid[])", ids
        )
        if len(rows) < len(ids) and passed < 60:
            return False  # the worker expires what was not settled
        whole = sum(each.is_whole for each in self.made)
        statuses = Counter(row["status"] for row in rows)
        told = ", ".join(f"{number} {status}" for status, number in statuses.items())
        self.outcome = (
            f"ended after {self._took:.0f} s, {whole} of {self.streams} streams whole, on record {told}"
        )
        if len(rows) < len(ids):
            self.broken = f"{len(ids) - len(rows)} streams without a record"
        return True

    def close(self) -> None:
        self._server.kill() if self._server.is_alive else None


def _answers(url: str, key: str) -> bool:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
    with suppress(httpx.HTTPError):
        return HTTP.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}, timeout=5).status_code == 200  # fmt: skip
    return False


def send(task: str, *arguments: object, queue: str) -> None:
    """Queues a task, where the queue is there."""
    with suppress(Exception), app.connection_for_write(connect_timeout=1) as connection:
        app.send_task(task, args=arguments, queue=queue, connection=connection, retry=False)


PROCESSES: tuple[type[Phase], ...] = (GatewayStarts, WebStarts, WorkerStarts, Migration, Shutdown)
