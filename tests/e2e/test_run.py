"""`manage.py run` as people meet it: a first start, a call, faults, a stop, and the next start."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import psutil
import psycopg
import pytest

from embedded.ports import free_port
from tests.services import ROOT, python_environment, temporary_folder, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

READY = "Gatehouse is ready."
START_SECONDS = 90


def running_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run: what has ended and waits for init to collect it does not."""
    return [each for each in processes if _runs(each)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def command_of(process: psutil.Process) -> str:
    """Empty where it has ended meanwhile, as Postgres' own often do."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


class Run:
    """One `manage.py run`, on ports of its own; what it prints is `output`."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = free_port()
        self.environment = {
            **python_environment(),
            "GATEHOUSE_DATA_DIR": str(data_dir),
            "GATEHOUSE_PORT": str(self.port),
            "GATEHOUSE_SIMULATOR_PORT": str(free_port()),
            # What a developer may have in the shell; it must not get near the demonstration.
            "AWS_ACCESS_KEY_ID": "AKIADEVELOPER0000001",
            "AWS_SECRET_ACCESS_KEY": "secret-of-a-developer",
            "AWS_SESSION_TOKEN": "token-of-a-developer",
            **environment,
        }
        self._output = temporary_folder() / "output"
        with self._output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process:
        """The child of the supervisor with these words on its command line."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if all(word in command_of(child) for word in words))

    def wait_until_ready(self) -> "Run":
        until(
            lambda: READY in self.output or self.process.poll() is not None, seconds=START_SECONDS, what=READY
        )
        assert READY in self.output, self.output
        return self

    def api_key(self) -> str:
        found = re.search(r"API key +(gh_\S+)", self.output)
        assert found, self.output
        return found[1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def forget(self) -> None:
        if self.process.poll() is None:
            self.stop()
        rmtree(self._output.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    folder = temporary_folder()
    yield folder / "a folder with spaces"
    rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[Run]:
    run = Run(data_dir)
    try:
        yield run.wait_until_ready()
    finally:
        run.forget()


def fails(**environment: str) -> str:
    """The one line that a start which cannot succeed ends with."""
    folder = temporary_folder()
    run = Run(folder, **environment)
    try:
        code = run.process.wait(timeout=30)
        output = run.output
    finally:
        run.forget()
        rmtree(folder, ignore_errors=True)
    assert code == 1, output
    assert "Traceback" not in output
    return output.strip().splitlines()[-1]


def test_says_what_it_does(running: Run) -> None:
    for step in ("PostgreSQL", "Valkey", "simulator", "migrations", "Celery worker", "Celery beat"):
        assert step in running.output
    assert f"http://127.0.0.1:{running.port}/admin/" in running.output


def test_curl_line_works_when_pasted(running: Run) -> None:
    line = next(line for line in running.output.splitlines() if "Try it" in line)
    command = line.split("Try it", 1)[1].replace("curl ", "curl --silent --show-error ", 1)
    answer = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["choices"][0]["message"]["content"]


def test_admin_is_on_the_same_address(running: Run) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/admin/login/") as answer:
        assert answer.status == 200


def test_secrets_are_private(running: Run, data_dir: Path) -> None:
    for name in ("secrets.json", "services.json", "demo.json", "children.json"):
        assert (data_dir / name).stat().st_mode & 0o077 == 0, name
    password = json.loads((data_dir / "secrets.json").read_text())["postgres_password"]
    assert not any(password in command_of(child) for child in running.children)
    assert password not in running.output


def test_credentials_of_the_shell_are_not_passed_on(running: Run) -> None:
    given = running.child("uvicorn").environ()
    assert given["AWS_ACCESS_KEY_ID"] == "AKIASIMULATOR0000001"
    assert "AWS_SESSION_TOKEN" not in given


def test_manage_py_finds_the_services_by_itself(running: Run, data_dir: Path) -> None:
    environment = {**python_environment(), "GATEHOUSE_DATA_DIR": str(data_dir)}
    code = "from django.conf import settings; print(settings.EMBEDDED, settings.DATABASE_URL)"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    output = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert output.startswith("True postgres://gatehouse:")


def test_a_second_start_on_the_same_folder_is_refused(running: Run, data_dir: Path) -> None:
    line = fails(GATEHOUSE_DATA_DIR=str(data_dir))
    assert f"already running (pid {running.process.pid})" in line


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("uvicorn",), "Web and gateway"),
        (("valkey-server",), "Valkey"),
        (("postgres", "-D"), "PostgreSQL 18"),
    ],
)
def test_a_child_that_dies_is_started_again(running: Run, words: tuple[str, ...], title: str) -> None:
    running.child(*words).kill()
    until(lambda: f"{title} ended (killed by SIGKILL)" in running.output, what="the line that says so")
    until(lambda: f"{title} is back" in running.output, seconds=40, what="its return")


def test_stops_everything_and_starts_again_with_its_data(running: Run, data_dir: Path) -> None:
    key, children = running.api_key(), running.children
    assert len(children) >= 6
    assert running.stop() == 0
    assert not running_of(children)
    assert not (data_dir / "services.json").exists()

    again = Run(data_dir)
    try:
        again.wait_until_ready()
        assert again.api_key() == key
        orphans = again.children
        again.stop(signal.SIGKILL)
        third = Run(data_dir)  # at once, while the orphans may still be ending
        try:
            third.wait_until_ready()
            assert third.api_key() == key
            assert not running_of(orphans)
            children = third.children
            assert third.stop(signal.SIGINT) == 0
            assert not running_of(children)
        finally:
            third.forget()
    finally:
        again.forget()


def test_port_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} on 127.0.0.1 is taken" in (line := fails(GATEHOUSE_PORT=port))
        assert "GATEHOUSE_PORT" in line
        assert "GATEHOUSE_SIMULATOR_PORT" in fails(GATEHOUSE_SIMULATOR_PORT=port)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "GATEHOUSE_DATA_DIR" in fails(GATEHOUSE_DATA_DIR=str(tmp_path / "file"))
    assert "GATEHOUSE_DATA_DIR" in fails(GATEHOUSE_DATA_DIR="/proc/gatehouse")


def test_wrong_database_url(database_url: str) -> None:
    address = database_url.rpartition("@")[2]
    refused = fails(DATABASE_URL=f"postgres://me:not-my-secret@127.0.0.1:{free_port()}/x")
    assert "cannot connect to 127.0.0.1" in refused
    password = fails(DATABASE_URL=f"postgres://gatehouse:not-my-secret@{address}")
    assert "password authentication failed" in password
    missing = fails(DATABASE_URL=database_url.rpartition("/")[0] + "/nowhere")
    assert 'database "nowhere" does not exist' in missing
    for line in (refused, password, missing):
        assert "DATABASE_URL" in line
        assert "secret" not in line


def test_a_database_of_before(database_url: str) -> None:
    """One that names migrations which are not there any more: a line says what to do, and nothing in it is changed."""
    server, _, _ = database_url.rpartition("/")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS of_before")
        connection.execute("CREATE DATABASE of_before")
    with psycopg.connect(f"{server}/of_before", autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE django_migrations (id bigserial, app text, name text, applied timestamptz)"
        )
        connection.execute(
            "INSERT INTO django_migrations (app, name) VALUES ('governance', '0027_call_reviews')"
        )
        line = fails(DATABASE_URL=f"{server}/of_before")
        assert (
            "made by another version of Gatehouse: it has the migration governance.0027_call_reviews" in line
        )
        assert "move the data folder (.data) away or remove it" in line
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("django_migrations",)]


def test_wrong_redis_url() -> None:
    assert "REDIS_URL" in fails(REDIS_URL=f"redis://:secret@127.0.0.1:{free_port()}/0")


def test_stop_while_starting() -> None:
    folder = temporary_folder()
    run = Run(folder)
    try:
        until(lambda: "Starting PostgreSQL" in run.output, what="the first steps")
        children = run.children
        assert run.stop(signal.SIGINT) == 0
        assert READY not in run.output
        assert not running_of(children)
    finally:
        run.forget()
        rmtree(folder, ignore_errors=True)
