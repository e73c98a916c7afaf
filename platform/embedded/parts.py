"""The commands of Gatehouse's own processes."""

import sys
from collections.abc import Mapping
from pathlib import Path

from embedded.child import Command
from embedded.configuration import Configuration
from embedded.environment import simulator_url
from embedded.probes import answers
from embedded.server import uvicorn_options


def simulator(configuration: Configuration, environment: Mapping[str, str]) -> Command:
    """The Bedrock simulator: no Django, no database."""
    port = str(configuration.simulator_port)
    return Command(
        name="simulator",
        title="Bedrock simulator",
        arguments=(sys.executable, "-m", "embedded.simulator", "--host", "127.0.0.1", "--port", port),
        environment=environment,
        folder=configuration.root,
        is_ready=answers(f"{simulator_url(configuration.simulator_port)}/healthz"),
    )


def prepare(configuration: Configuration, environment: Mapping[str, str]) -> Command:
    """Migrations and the demonstration, in one process, which begins when it is told that the services run."""
    options = [] if configuration.demo else ["--no-demo"]
    if not configuration.database_url:
        options.append("--wait")
    return Command(
        name="prepare",
        title="Preparing the database",
        arguments=(
            sys.executable,
            "manage.py",
            "prepare",
            "--data-dir",
            str(configuration.data_dir),
            *options,
        ),
        environment=environment,
        folder=configuration.root,
        # A database elsewhere may be at work for long, unseen from here.
        patience_seconds=None if configuration.database_url else 600.0,
    )


def web_part(configuration: Configuration, environment: Mapping[str, str]) -> Command:
    """Admin, management API and gateway: two ASGI handlers on one address."""
    return Command(
        name="web",
        title="Web and gateway",
        arguments=(
            *(sys.executable, "-m", "uvicorn", "config.asgi:application"),
            *("--host", configuration.host, "--port", str(configuration.port)),
            *("--workers", str(configuration.workers)),
            *uvicorn_options(environment),
        ),
        environment=environment,
        folder=configuration.root,
        is_ready=answers(f"{configuration.local_url}/healthz"),
    )


def workers(configuration: Configuration, environment: Mapping[str, str]) -> tuple[Command, ...]:
    """Celery's workers, one for each queue, so that none waits for another: what only waits for the other side has threads, what
    computes has processes, which end what takes too long."""
    pools = {
        "ledger": ("--concurrency", "1"),
        "deliveries": ("--pool", "threads", "--concurrency", "4"),
        "documents": ("--concurrency", "2"),
        "evaluations": ("--pool", "threads", "--concurrency", "2"),
        "jobs": ("--pool", "threads", "--concurrency", "22"),
    }
    return tuple(
        _celery(
            configuration,
            environment,
            name="worker",
            title=f"Celery worker ({queue})",
            log="worker" if queue == "ledger" else f"worker-{queue}",
            ready_text=" ready.",
            options=(
                *("-Q", queue, "-n", f"{queue}@%h", *pool),
                *("--loglevel", "info", "--without-gossip", "--without-mingle"),
            ),
        )
        for queue, pool in pools.items()
    )


def beat(configuration: Configuration, environment: Mapping[str, str]) -> Command:
    """Celery's clock."""
    folder: Path = configuration.data_dir / "beat"
    folder.mkdir(exist_ok=True, mode=0o700)
    options = ("--schedule", str(folder / "schedule"), "--pidfile", "", "--loglevel", "info")
    return _celery(configuration, environment, name="beat", ready_text="beat: Starting", options=options)


def _celery(
    configuration: Configuration,
    environment: Mapping[str, str],
    *,
    name: str,
    ready_text: str,
    options: tuple[str, ...],
    title: str = "",
    log: str = "",
) -> Command:
    return Command(
        name=log or name,
        title=title or f"Celery {name}",
        arguments=(sys.executable, "-m", "celery", "-A", "config.celery", name, *options),
        environment=environment,
        folder=configuration.root,
        ready_text=ready_text,
    )
