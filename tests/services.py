"""PostgreSQL, Valkey and whole stacks for tests. Also a pytest plugin (`-p tests.services`).

Where DATABASE_URL or REDIS_URL is set, that service is used; else an embedded one is started by the first test
that needs it, in a temporary folder, and stopped at the end. The addresses are in the environment from the
beginning, before the settings are imported, so that tests without a database start nothing.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil
import psycopg
import pytest
import redis
from django.db import connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from embedded.child import Child, Command
from embedded.environment import with_simulator
from embedded.folder import make_folder
from embedded.ports import free_port
from embedded.postgres import DATABASE, Postgres
from embedded.probes import answers
from embedded.server import uses_tls, uvicorn_options
from embedded.valkey import Valkey
from embedded.waiting import run_to_end, start_and_wait, stop_all
from tests.cluster import TEMPLATE, copy_cluster
from tests.commands import Commands

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "only-for-tests"
NEEDED = ("DATABASE_URL", "REDIS_URL")
T, Found = TypeVar("T"), TypeVar("Found")


class TestServices:
    """An embedded PostgreSQL and Valkey, each started once, on demand. `durable` keeps fsync on."""

    __test__ = False

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        make_folder(folder)
        self._logs = folder / "logs"
        self._children: dict[str, Child] = {}
        self.postgres = Postgres(folder, port=free_port(), password=PASSWORD, durable=durable)
        self.valkey = Valkey(folder, port=free_port(), password=PASSWORD)

    def start_postgres(self, *, template: bool = True) -> str:
        """The URL of a database: a copy of the migrated one that the tests of a run share, or an empty one."""
        if "postgres" not in self._children:
            self.postgres.open_to_user()
            if not self.postgres.is_initialised and not (
                template and copy_cluster(self.postgres.cluster, make=_migrate)
            ):
                self.postgres.initialise(logs=self._logs, run=run_to_end)
            self._children["postgres"] = self._start(self.postgres.server())
            self.postgres.create_database()
        return self.postgres.url

    def start_valkey(self) -> str:
        """The URL of an empty Valkey."""
        if "valkey" not in self._children:
            self._children["valkey"] = self._start(self.valkey.server())
        return self.valkey.url

    def child(self, name: str) -> Child:
        """The process of `postgres` or `valkey`, for tests that end it."""
        return self._children[name]

    def restart(self, name: str, how: signal.Signals) -> None:
        """Ends one of them with a signal and starts it again on the same address."""
        child = self._children[name]
        assert child.pid is not None
        descendants = psutil.Process(child.pid).children(recursive=True)
        os.kill(child.pid, how)
        until(lambda: not child.is_alive(), what=f"the end of {name}")
        psutil.wait_procs(descendants, timeout=20)
        start_and_wait(child)

    def stop(self) -> None:
        stop_all(self._children.values())
        self._children.clear()

    def _start(self, command: Command) -> Child:
        child = Child(command, logs=self._logs)
        start_and_wait(child)
        return child


def _migrate(folder: Path) -> None:
    """A migrated database, in a cluster that is stopped."""
    with Stack(folder, template=False):
        pass


class Stack:
    """Real processes on a database of their own, for end-to-end tests.

    `postgres` and `valkey` are URLs. The database is a migrated one's copy, without `template` it is migrated on entry;
    with `demo` the demonstration is loaded too (`demo.json` is in `data_dir`). `simulator` is the URL of a Bedrock
    simulator, started when first asked for.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = False, demo: bool = False, template: bool = True
    ) -> None:
        self.data_dir = data_dir
        self._demo, self._template = demo, template
        self._services = TestServices(data_dir, durable=durable)
        self._ending = ExitStack()
        self._simulator: Server | None = None
        self._simulator_port = free_port()
        self._commands: dict[tuple[tuple[str, str], ...], Commands] = {}

    def __enter__(self) -> Self:
        self._ending.callback(self._services.stop)
        try:
            self.postgres = self._services.start_postgres(template=self._template)
            self.valkey = self._services.start_valkey()
            self.manage("prepare", "--data-dir", str(self.data_dir), *(() if self._demo else ("--no-demo",)))
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    @property
    def services(self) -> TestServices:
        return self._services

    @property
    def simulator(self) -> str:
        return self.simulator_server.url

    @property
    def simulator_server(self) -> "Server":
        """The process, for tests that end it."""
        if self._simulator is None:
            port = self._simulator_port
            arguments = ("-m", "embedded.simulator", "--host", "127.0.0.1", "--port", str(port))
            self._simulator = self._serve("simulator", arguments, port=port, path="/healthz", environment={})
        return self._simulator

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to work on this stack."""
        return with_simulator(
            {
                **python_environment(),
                "DATABASE_URL": self.postgres,
                "REDIS_URL": self.valkey,
                "GATEHOUSE_DATA_DIR": str(self.data_dir),
                "GATEHOUSE_SECRET_KEY": PASSWORD * 4,
                "GATEHOUSE_MASTER_KEY": PASSWORD * 4,
                "GATEHOUSE_EMBEDDED": "true",
                "GATEHOUSE_PRESET": "observe",  # what is masked is tested by itself, and names take time
                **more,
            },
            f"http://127.0.0.1:{self._simulator_port}",
        )

    def gateway(
        self,
        *,
        workers: int = 1,
        app: str = "config.asgi:application",
        env: Mapping[str, str] | None = None,
        ready_at: str = "/readyz",
        waits: bool = True,
    ) -> "Server":
        """Another gateway process, which answers well at `ready_at`; it is stopped at the end, or by `stop` or `kill`. Where it
        is not to be waited for, whoever asked sees for themselves when it is there."""
        _ = self.simulator  # so that its address is in the environment
        port = free_port()
        arguments = (
            *("-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", str(workers), *uvicorn_options(env or {})),
        )
        environment = {
            "GATEHOUSE_PORT": str(port),
            "GATEHOUSE_UNKNOWN_CALLS_PER_MINUTE": "0",  # many tests knock with wrong keys
            "GATEHOUSE_BREAKER_FAILURES": "1000000",  # and let models fail, which is no matter of the next test
            "GATEHOUSE_ADAPTIVE_ROUTING": "false",
            **(env or {}),
        }
        return self._serve(
            f"gateway-{port}", arguments, port=port, path=ready_at, environment=environment, waits=waits
        )

    def web(self, *, env: Mapping[str, str], waits: bool = True) -> "Server":
        """A process of pages and the management API alone."""
        port = free_port()
        arguments = (
            *("-m", "uvicorn", "config.asgi:web", "--host", "127.0.0.1", "--port", str(port)),
            *uvicorn_options(env),
        )
        return self._serve(
            f"web-{port}", arguments, port=port, path="/admin/login/", environment=env, waits=waits
        )

    def restart(self, name: str, how: signal.Signals) -> None:
        """Ends `postgres` or `valkey` with a signal and starts it again on the same address."""
        self._services.restart(name, how)

    def logs(self) -> list[str]:
        """What every process of the stack has logged."""
        return [path.read_text(errors="replace") for path in (self.data_dir / "logs").glob("*.log")]

    def valkey_values(self) -> list[bytes]:
        """Everything in Valkey, keys and values, Celery's messages among them."""
        client = redis.Redis.from_url(self.environment()["REDIS_URL"])
        with client:
            keys = list(client.scan_iter())
            return [*keys, *(client.dump(key) or b"" for key in keys)]

    def manage(self, *arguments: str, **environment: str) -> str:
        """What a `manage.py` command prints. Fails the test when it fails."""
        environment = self.environment(**environment)
        commands = self._commands.get(key := tuple(sorted(environment.items())))
        if commands is None:
            commands = self._commands[key] = Commands(environment, folder=ROOT)
            self._ending.callback(commands.stop)
        code, output, errors = commands.run(arguments)
        assert code == 0, output + errors
        return output

    @cached_property
    def pool(self) -> ConnectionPool[psycopg.Connection[dict[str, Any]]]:
        """Connections to the stack's database, whose rows are dictionaries. One that broke is replaced."""
        pool = ConnectionPool[psycopg.Connection[dict[str, Any]]](
            self.postgres, min_size=0, max_size=8, check=ConnectionPool.check_connection,
            kwargs={"row_factory": dict_row}, open=True,
        )  # fmt: skip
        self._ending.callback(pool.close)
        return pool

    def make(self, function: Callable[[], T]) -> T:
        """What a function answers, called where Django's models are of the stack's database; all it writes is committed
        together. In a thread of its own, which has connections of its own, also where the caller is in an event loop."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._make, function).result()

    def _make(self, function: Callable[[], T]) -> T:
        parts = conninfo_to_dict(self.postgres)
        at = {
            "NAME": parts["dbname"],
            **{key.upper(): str(parts.get(key) or "") for key in ("user", "password", "host", "port")},
        }
        connections["default"] = connection = DatabaseWrapper(
            {**connections.settings["default"], **at}, "default"
        )
        # pytest-django refuses tests its own database unless they ask for it; this is another.
        connection.ensure_connection = lambda: connection.connection or connection.connect()
        try:
            with transaction.atomic():
                return function()
        finally:
            connection.close()

    def connect(self) -> psycopg.Connection:
        """A connection to the stack's database, in autocommit mode."""
        return psycopg.connect(self.postgres, autocommit=True)

    def _serve(
        self,
        name: str,
        arguments: tuple[str, ...],
        *,
        port: int,
        path: str,
        environment: Mapping[str, str],
        waits: bool = True,
    ) -> "Server":
        url = f"{'https' if uses_tls(environment) else 'http'}://127.0.0.1:{port}"
        command = Command(
            name=name,
            title=name,
            arguments=(sys.executable, *arguments),
            environment=self.environment(**environment),
            folder=ROOT,
            is_ready=answers(url + path),
        )
        server = Server(Child(command, logs=self.data_dir / "logs"), url=url)
        self._ending.callback(server.stop)
        if waits:
            server.start()
        else:
            server.begin()
        return server


class Server:
    """A process that listens on `url`."""

    def __init__(self, child: Child, *, url: str) -> None:
        self._child = child
        self.url = url

    @property
    def pid(self) -> int:
        assert self._child.pid is not None
        return self._child.pid

    @property
    def log(self) -> str:
        return self._child.log.recent()

    @property
    def is_alive(self) -> bool:
        return self._child.is_alive()

    @property
    def is_ready(self) -> bool:
        return self._child.is_ready()

    def start(self) -> None:
        """Starts it, again on the same address, and returns when it is ready."""
        start_and_wait(self._child)

    def begin(self) -> None:
        """Starts it, and returns at once."""
        self._child.start()

    def stop(self) -> None:
        """Asks it to end and waits."""
        stop_all([self._child])

    def kill(self) -> None:
        """Ends it, and what it has started, with SIGKILL."""
        self._child.kill()

    def kill_children(self, *, named: str, with_signal: signal.Signals) -> int:
        """Sends a signal to each process under it whose command line has this name; how many there were."""
        under = psutil.Process(self.pid).children(recursive=True)
        chosen = [child for child in under if any(named in part for part in child.cmdline())]
        for child in chosen:
            child.send_signal(with_signal)
        return len(chosen)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


def python_environment() -> dict[str, str]:
    """The environment of a Python child: the caller's, without what would point it at other services."""
    hidden = ("GATEHOUSE_", "AWS_", "DATABASE_", "REDIS_", "BEDROCK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def temporary_folder() -> Path:
    """A folder that another user can pass through, as PostgreSQL needs when tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-test-"))
    folder.chmod(0o711)
    return folder


def until(condition: Callable[[], Found], *, seconds: float = 20.0, what: str = "it") -> Found:
    """Waits until the condition holds, and returns what it gave; fails the test when it does not in time."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.05)
    return found


# --- the plugin ------------------------------------------------------------------------------------

_session: TestServices | None = None
_template: Path | None = None
"""Set in the process that began the tests, which removes it."""
_OWN = "GATEHOUSE_TESTS_OWN_SERVICES"
"""Names what of NEEDED the tests have started themselves."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """A wrapper runs before pytest-django, which imports the settings in this same hook."""
    global _session, _template
    if TEMPLATE not in os.environ:
        _template = temporary_folder()
        os.environ[TEMPLATE] = str(_template)
    # One of several processes of pytest-xdist has services of its own, too: it inherits the first one's environment.
    own = os.environ.get(_OWN, "").split()
    missing = [name for name in NEEDED if name in own or not os.environ.get(name)]
    if missing:
        _session = TestServices(temporary_folder())
        urls = {"DATABASE_URL": _session.postgres.url, "REDIS_URL": _session.valkey.url}
        os.environ |= {name: urls[name] for name in missing}
        os.environ.setdefault("GATEHOUSE_EMBEDDED", "true")
        os.environ.setdefault("GATEHOUSE_PRESET", "observe")
        os.environ["GATEHOUSE_DATA_DIR"] = str(_session.postgres.cluster.parent)
        os.environ[_OWN] = " ".join(missing)
    return (yield)


def pytest_unconfigure() -> None:
    if _session is not None:
        _session.stop()
        shutil.rmtree(_session.postgres.cluster.parent, ignore_errors=True)
    if _template is not None:
        shutil.rmtree(_template, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url() -> str:
    """The server for tests; Django makes its test database next to this one."""
    url = os.environ["DATABASE_URL"]
    if _session is not None and url == _session.postgres.url:
        _session.start_postgres()
        # It is migrated already: nothing is left for Django to do but to copy it.
        connections["default"].settings_dict["TEST"] |= {"TEMPLATE": DATABASE, "MIGRATE": False}
    return url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A running Valkey or Redis."""
    url = os.environ["REDIS_URL"]
    if _session is not None and url == _session.valkey.url:
        _session.start_valkey()
    return url
