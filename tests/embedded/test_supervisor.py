"""The parts of `manage.py run` that need no database."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import psutil
import pytest

from embedded.backoff import Backoff
from embedded.banner import curl
from embedded.child import Child, Command
from embedded.configuration import Bedrock, Configuration
from embedded.environment import platform_environment
from embedded.errors import StartError
from embedded.external import check_database
from embedded.folder import locked, make_folder, write_private
from embedded.keeper import Keeper
from embedded.logs import Log
from embedded.orphans import MARK, record_children, stop_orphans
from embedded.ports import kept_port, require_free
from embedded.progress import Progress
from embedded.secrets import load_secrets
from embedded.waiting import run_to_end, stop_all, wait_until_ready
from kernel.services_file import Services, read_services, write_services
from tests.services import ROOT, until


def configuration(**environ: str) -> Configuration:
    return Configuration.from_environment(environ, root=ROOT)


def child(tmp_path: Path, code: str, **more: object) -> Child:
    """A Python child."""
    command = Command(
        name="child",
        title="A child",
        arguments=(sys.executable, "-c", code),
        environment={MARK: str(tmp_path)},
        folder=Path("/"),
        **more,
    )
    return Child(command, logs=tmp_path / "logs")


SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP


# --- configuration ---------------------------------------------------------------------------------


def test_defaults() -> None:
    found = configuration()
    assert (found.host, found.port, found.data_dir) == ("127.0.0.1", 8000, ROOT / ".data")
    assert (found.database_url, found.redis_url, found.bedrock) == ("", "", Bedrock.SIMULATOR)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "work"}, Bedrock.SIMULATOR),
        ({"BEDROCK_ENDPOINT_URL": "https://vpce"}, Bedrock.ENDPOINT),
        ({"BEDROCK_ENDPOINT_URL": "https://vpce", "GATEHOUSE_BEDROCK": "simulator"}, Bedrock.SIMULATOR),
        ({"GATEHOUSE_BEDROCK": "aws"}, Bedrock.AWS),
    ],
)
def test_only_a_clear_wish_chooses_aws(environ: dict[str, str], expected: Bedrock) -> None:
    assert configuration(**environ).bedrock is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEHOUSE_PORT", "http"),
        ("GATEHOUSE_PORT", "70000"),
        ("GATEHOUSE_WORKERS", "0"),
        ("GATEHOUSE_POOL_SIZE", "1"),
        ("GATEHOUSE_WORKER_TIMEOUT_SECONDS", "1.5"),
        ("GATEHOUSE_BEDROCK", "x"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(StartError, match=f"{name} is '{value}'"):
        configuration(**{name: value})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("10.0.0.7", "http://10.0.0.7:8000"),
    ],
)
def test_address_to_connect_to(host: str, url: str) -> None:
    assert configuration(GATEHOUSE_HOST=host).local_url == url


def test_aws_itself_gets_the_credentials_and_the_simulator_does_not(tmp_path: Path) -> None:
    base = {
        "AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL_KMS": "http://kms", "GATEHOUSE_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    secrets = load_secrets(tmp_path, {})
    simulated = platform_environment(base, configuration(**base), secrets, database_url="d", redis_url="r")
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & simulated.keys()
    assert simulated["BEDROCK_ENDPOINT_URL"] == "http://127.0.0.1:8001"
    assert simulated["AWS_ENDPOINT_URL_KMS"] == "http://kms"
    real = platform_environment(
        base, configuration(**base, GATEHOUSE_BEDROCK="aws"), secrets, database_url="d", redis_url="r"
    )
    assert real["AWS_PROFILE"] == "work"
    assert "BEDROCK_ENDPOINT_URL" not in real


@pytest.mark.parametrize("service", ["kms", "s3", "sts", "bedrock-agent-runtime", "sso-oidc"])
def test_a_service_s_own_address_reaches_its_client_beside_the_simulator(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "AWS_ENDPOINT_URL_" + service.upper().replace("-", "_")
    base = {
        name: "http://127.0.0.1:9",
        "GATEHOUSE_DATA_DIR": str(tmp_path),
        "AWS_CA_BUNDLE": "ours.pem",
        "AWS_SECRET_ACCESS_KEY": "real",
    }
    simulated = platform_environment(
        base, configuration(**base), load_secrets(tmp_path, {}), database_url="d", redis_url="r"
    )
    assert (simulated["AWS_CA_BUNDLE"], simulated["AWS_SECRET_ACCESS_KEY"] == "real") == ("ours.pem", False)
    for key in [key for key in os.environ if key.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key in (name, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, simulated[key])
    client = boto3.Session(region_name=simulated["AWS_REGION"]).client(service)
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    client.close()


@pytest.mark.parametrize("url", ["localhost", "mysql://u:p@h/d", "postgres://", "postgres://u:p@h:port/d"])
def test_what_is_no_database_url(url: str) -> None:
    with pytest.raises(StartError, match=r"^DATABASE_URL .*postgres://user:password@host:5432/database"):
        check_database(url)


# --- the data folder -------------------------------------------------------------------------------


def test_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(StartError, match=rf"already running \(pid {os.getpid()}\)"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        pass


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="GATEHOUSE_DATA_DIR"):
        make_folder(tmp_path / "file" / "data")


def test_secrets_are_made_once_and_the_environment_wins(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, {"GATEHOUSE_MASTER_KEY": "mine"})
    second = load_secrets(tmp_path, {})
    assert first.master_key == "mine" != second.master_key
    assert first.postgres_password == second.postgres_password
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(StartError, match="restore it"):
        load_secrets(tmp_path, {})


def test_port_is_kept_until_it_is_taken(tmp_path: Path) -> None:
    port = kept_port(tmp_path, "postgres")
    assert kept_port(tmp_path, "postgres") == port
    with socket.create_server(("127.0.0.1", port)):
        assert kept_port(tmp_path, "postgres") != port


def test_no_two_services_get_one_port(tmp_path, monkeypatch):
    port = kept_port(tmp_path, "valkey")
    offered = iter([port, port, port + 1])
    monkeypatch.setattr("embedded.ports.free_port", lambda: next(offered))
    assert kept_port(tmp_path, "postgres") == port + 1
    (tmp_path / "ports.json").write_text(json.dumps({"valkey": port, "postgres": port}))
    offered = iter([port + 2])
    assert kept_port(tmp_path, "valkey") == port + 2


def test_taken_port_names_the_variable() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(StartError, match=r"is taken.*GATEHOUSE_PORT"),
    ):
        require_free("127.0.0.1", taken.getsockname()[1], variable="GATEHOUSE_PORT")


def services(**changes: object) -> Services:
    values = {
        "supervisor_pid": os.getpid(),
        "supervisor_created": psutil.Process().create_time(),
        **dict.fromkeys(
            ["database_url", "redis_url", "bedrock_endpoint_url", "secret_key", "master_key"], "x"
        ),
        **dict.fromkeys(["aws_access_key_id", "aws_secret_access_key", "aws_region"], "x"),
    }
    return Services(**{**values, **changes})


def test_services_are_found_while_their_supervisor_lives(tmp_path: Path) -> None:
    assert read_services(tmp_path) is None
    write_services(tmp_path, services())
    assert read_services(tmp_path) == services()
    write_services(tmp_path, services(supervisor_created=psutil.Process().create_time() - 1000))
    assert read_services(tmp_path) is None


# --- children --------------------------------------------------------------------------------------


def test_ready_when_its_log_says_so(tmp_path: Path) -> None:
    one = child(tmp_path, SLEEP, ready_text="up")
    one.start()
    wait_until_ready(one)
    stop_all([one])
    assert one.exit_code() == -signal.SIGTERM


def test_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    one = child(tmp_path, "raise SystemExit('the reason')")
    with pytest.raises(StartError, match=r"A child failed; its log is .*\n +the reason"):
        run_to_end(one)


WORKS = """
import time
end = time.monotonic() + 1.5
while time.monotonic() < end:
    pass
print('up', flush=True)
time.sleep(60)
"""
LOGS = """
import time
for number in range(12):
    print(number, flush=True)
    time.sleep(0.1)
print('up', flush=True)
time.sleep(60)
"""
ITS_CHILD_WORKS = f"""
import subprocess, sys
subprocess.run([sys.executable, '-c', {WORKS!r}])
"""


@pytest.mark.parametrize("code", [WORKS, LOGS, ITS_CHILD_WORKS], ids=["works", "logs", "its child works"])
def test_who_works_is_waited_for_however_long_it_takes(tmp_path: Path, code: str) -> None:
    one = child(tmp_path, code, ready_text="up", patience_seconds=0.9)
    one.start()
    wait_until_ready(one)
    stop_all([one])


def test_who_does_nothing_any_more_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    said: list[str] = []
    one = child(tmp_path, SLEEP, ready_text="never", patience_seconds=1.0)
    one.start()
    with pytest.raises(
        StartError, match=r"A child is not ready, and has done nothing for 1 s; its log is .*\n +up"
    ):
        wait_until_ready(one, pulse=said.append)
    assert one.is_alive()
    assert set(said) == {"A child"}
    stop_all([one])


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    one = child(tmp_path, SLEEP, patience_seconds=1.0)
    with pytest.raises(StartError, match="A child has not ended, and has done nothing for 1 s"):
        run_to_end(one)
    assert not one.is_alive()


def test_what_a_helper_does_counts_and_some_may_take_for_ever(tmp_path: Path) -> None:
    helper = child(tmp_path, WORKS)
    helper.start()
    run_to_end(child(tmp_path / "a", "import time; time.sleep(1.4)", patience_seconds=0.9), helpers=[helper])
    helper.kill()
    run_to_end(child(tmp_path / "b", "import time; time.sleep(1.4)", patience_seconds=None))


def test_who_dies_while_it_is_waited_for_is_told_with_its_last_lines(tmp_path: Path) -> None:
    one = child(tmp_path, "import time; time.sleep(0.3); raise SystemExit('the reason')", ready_text="up")
    one.start()
    with pytest.raises(StartError, match=r"A child did not start; its log is .*\n +the reason"):
        wait_until_ready(one)


def test_long_waits_are_told_with_what_is_waited_for() -> None:
    lines: list[str] = []
    progress = Progress(lines.append, quiet_seconds=-1.0)
    progress.tick("nothing that was begun")
    progress.step("Starting")
    progress.tick("Valkey")
    assert [line.partition("] ")[2] for line in lines] == ["Starting\n", "Starting (waiting for Valkey)\n"]


def test_what_does_not_stop_is_killed(tmp_path: Path) -> None:
    one = child(tmp_path, STUBBORN, ready_text="up", grace_seconds=0.2)
    one.start()
    wait_until_ready(one)
    stop_all([one])
    assert one.exit_code() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends the child")
def test_child_dies_with_its_supervisor(tmp_path: Path) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "platform")!r})
from pathlib import Path
from embedded.child import Child, Command
command = Command(name="c", title="c", arguments=(sys.executable, "-c", "import time; time.sleep(60)"),
                  environment={{}}, folder=Path("/"))
child = Child(command, logs=Path({str(tmp_path)!r}))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        orphan = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
    until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, seconds=5)


def test_orphans_are_stopped_with_their_own_children(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);" + SLEEP
    one = child(tmp_path, parent, ready_text="up\nup")
    one.start()
    wait_until_ready(one)
    family = [psutil.Process(one.pid), *psutil.Process(one.pid).children()]
    record_children(tmp_path, [one])
    assert stop_orphans(tmp_path) == ["child"]
    one.kill()
    until(lambda: not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE], seconds=5)
    assert stop_orphans(tmp_path) == []


def test_a_process_with_a_used_pid_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as stranger:
        entry = {"name": "postgres", "pid": stranger.pid, "created": time.time() - 1000, "signal": 15}
        write_private(tmp_path / "children.json", json.dumps([entry]))
        assert stop_orphans(tmp_path) == []
        assert stranger.poll() is None
        stranger.kill()


def test_waits_longer_each_time() -> None:
    backoff = Backoff()
    assert [backoff.after(lived_seconds=0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.after(lived_seconds=61) == 1


def test_a_dead_child_is_started_after_the_wait(tmp_path: Path) -> None:
    lines: list[str] = []
    one = child(tmp_path, SLEEP, ready_text="up")
    one.start()
    wait_until_ready(one)
    first = one.pid
    keeper = Keeper(one, Progress(lines.append))
    now = time.monotonic()
    assert not keeper.look(now)
    os.kill(one.pid, signal.SIGKILL)
    until(lambda: not one.is_alive())
    assert keeper.look(now)
    assert not keeper.look(now + 0.5)
    assert not one.is_alive()
    assert keeper.look(now + 1.5)
    assert one.pid != first
    wait_until_ready(one)
    keeper.look(now + 2)
    stop_all([one])
    assert "A child ended (killed by SIGKILL); starting it again in 1 s" in lines[0]
    assert "A child is back" in lines[-1]


# --- what is said ----------------------------------------------------------------------------------


def test_a_long_log_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.logs.MAX_BYTES", 10)
    log = Log(tmp_path / "child.log")
    descriptor = log.open()
    os.write(descriptor, b"a line that is long\n")
    log.rotate()
    os.write(descriptor, b"next\n")
    os.close(descriptor)
    assert log.tail() == ["next"]
    assert (tmp_path / "child.log.1").read_text() == "a line that is long\n"


def test_progress_outlives_its_reader() -> None:
    def broken(text: str) -> None:
        raise BrokenPipeError

    Progress(broken).say("nobody reads this")


def test_curl_line_is_quoted_for_a_shell() -> None:
    words = shlex.split(curl("http://127.0.0.1:8000", api_key="gh_a_b", model="it's"))
    assert words[:4] == [
        "curl",
        "http://127.0.0.1:8000/v1/chat/completions",
        "-H",
        "Authorization: Bearer gh_a_b",
    ]
    assert json.loads(words[-1])["model"] == "it's"


def test_stdlib_keeps_the_name_platform() -> None:
    import platform

    assert Path(platform.__file__).parent != ROOT / "platform"
    assert not (ROOT / "platform" / "__init__.py").exists()
