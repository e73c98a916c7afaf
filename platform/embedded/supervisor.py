"""`manage.py run`: starts everything in order, keeps it running, and stops it in order.

One process, one thread, one loop: the lifecycle is `run`, read from top to bottom.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from embedded import parts
from embedded.banner import banner
from embedded.bookkeeping import Bookkeeping
from embedded.child import Child, Command
from embedded.configuration import Bedrock, Configuration
from embedded.environment import child_environment, platform_environment, simulator_url
from embedded.errors import StartError, Stopped
from embedded.external import check_database, check_redis
from embedded.folder import locked, make_folder
from embedded.keeper import Keeper
from embedded.orphans import forget_children, record_children, stop_orphans
from embedded.ports import kept_port, require_free
from embedded.postgres import Postgres
from embedded.progress import Progress
from embedded.secrets import Secrets, load_secrets
from embedded.stop import StopSignals
from embedded.valkey import Valkey
from embedded.waiting import run_to_end, start_child, stop_all, wait_until_ended, wait_until_ready
from kernel.services_file import Services, remove_services, write_services

LOOK_EVERY_SECONDS = 0.2
ROTATE_EVERY_SECONDS = 60.0
_SAID = "CommandError: "


class Supervisor:
    """The stack of one data folder."""

    def __init__(self, configuration: Configuration, environ: Mapping[str, str]) -> None:
        self._configuration = configuration
        self._environ = environ
        self._progress = Progress()
        self._bookkeeping = Bookkeeping(configuration.data_dir, self._progress)
        self._signals = StopSignals()
        self._services: list[Child] = []
        self._platform: list[Child] = []
        self._preparing: list[Child] = []
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None

    def run(self) -> None:
        """Returns after a signal has stopped everything. Raises StartError when the start fails."""
        data_dir = self._configuration.data_dir
        make_folder(data_dir)
        with locked(data_dir):
            self._signals.listen()
            try:
                self._clear_the_way()
                secrets = load_secrets(data_dir, self._environ)
                self._choose_services(secrets)
                environment = self._environment(secrets)
                self._begin_to_prepare(environment)
                self._start_services()
                self._publish(environment)
                self._prepare(environment)
                self._start_platform(environment)
                self._announce()
                self._watch()
            except Stopped:
                pass
            finally:
                self._stop()

    def _clear_the_way(self) -> None:
        configuration = self._configuration
        for name in stop_orphans(configuration.data_dir):
            self._progress.say(f"Stopped {name}, left over from a supervisor that was killed")
        remove_services(configuration.data_dir)
        require_free(configuration.host, configuration.port, variable="GATEHOUSE_PORT")
        if configuration.bedrock is Bedrock.SIMULATOR:
            require_free("127.0.0.1", configuration.simulator_port, variable="GATEHOUSE_SIMULATOR_PORT")

    def _choose_services(self, secrets: Secrets) -> None:
        """Where PostgreSQL and Valkey will be, where they are ours."""
        data_dir = self._configuration.data_dir
        if not self._configuration.redis_url:
            port = kept_port(data_dir, "valkey")
            self._valkey = Valkey(data_dir, port=port, password=secrets.valkey_password)
        if not self._configuration.database_url:
            port = kept_port(data_dir, "postgres")
            self._postgres = Postgres(data_dir, port=port, password=secrets.postgres_password)

    def _begin_to_prepare(self, environment: Mapping[str, str]) -> None:
        """Starts what will prepare the database beside the services: it takes about as long until it needs them."""
        if self._postgres is not None:
            self._add(self._preparing, parts.prepare(self._configuration, environment))

    def _start_services(self) -> None:
        self._start_bedrock()
        self._start_valkey()
        self._start_postgres()
        for child in self._services:
            wait_until_ready(child, pulse=self._pulse)
            self._progress.say(f"Ready: {child.command.title}")
        if self._postgres:
            self._postgres.create_database()

    def _start_bedrock(self) -> None:
        configuration = self._configuration
        if configuration.bedrock is Bedrock.AWS:
            self._progress.say(
                "Bedrock: AWS itself, with your credentials (GATEHOUSE_BEDROCK=aws); calls cost money"
            )
        elif configuration.bedrock is Bedrock.ENDPOINT:
            self._progress.say(f"Bedrock: {configuration.bedrock_endpoint_url} (BEDROCK_ENDPOINT_URL)")
        else:
            url = simulator_url(configuration.simulator_port)
            self._progress.say(
                f"Bedrock: the simulator on {url}; no call leaves this machine or costs anything"
            )
            environment = child_environment(self._environ, configuration)
            self._add(self._services, parts.simulator(configuration, environment))

    def _start_valkey(self) -> None:
        if self._valkey is None:
            self._progress.step("Checking REDIS_URL")
            check_redis(self._configuration.redis_url)
            return
        self._progress.step(f"Starting Valkey on port {self._valkey.port}")
        self._add(self._services, self._valkey.server())

    def _start_postgres(self) -> None:
        if self._postgres is None:
            self._progress.step("Checking DATABASE_URL")
            check_database(self._configuration.database_url)
            return
        for folder in self._postgres.open_to_user():
            if not folder.is_relative_to(self._configuration.root):
                self._progress.say(f"Let other users pass through {folder}: PostgreSQL does not run as root")
        if not self._postgres.is_initialised:
            self._progress.step("Creating the PostgreSQL cluster")
            self._postgres.initialise(logs=self._logs, run=self._run_to_end)
        self._progress.step(f"Starting PostgreSQL on port {self._postgres.port}")
        self._add(self._services, self._postgres.server())

    def _environment(self, secrets: Secrets) -> dict[str, str]:
        return platform_environment(
            self._environ,
            self._configuration,
            secrets,
            database_url=self._postgres.url if self._postgres else self._configuration.database_url,
            redis_url=self._valkey.url if self._valkey else self._configuration.redis_url,
        )

    def _publish(self, environment: Mapping[str, str]) -> None:
        """Lets `manage.py` find the services, when the database is ours; somebody else's URL is not written down."""
        if self._postgres is None:
            return
        simulated = self._configuration.bedrock is Bedrock.SIMULATOR
        services = Services(
            supervisor_pid=os.getpid(),
            supervisor_created=psutil.Process().create_time(),
            database_url=self._postgres.url,
            redis_url=self._valkey.url if self._valkey else "",
            bedrock_endpoint_url=environment["BEDROCK_ENDPOINT_URL"] if simulated else "",
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"] if simulated else "",
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"] if simulated else "",
            aws_region=environment["AWS_REGION"] if simulated else "",
            secret_key=environment["GATEHOUSE_SECRET_KEY"],
            master_key=environment["GATEHOUSE_MASTER_KEY"],
        )
        data_dir = self._configuration.data_dir
        self._bookkeeping.do("services", lambda: write_services(data_dir, services))

    def _prepare(self, environment: Mapping[str, str]) -> None:
        what = "the demonstration" if self._configuration.demo else "no demonstration (GATEHOUSE_DEMO)"
        self._progress.step(f"Preparing the database: migrations, {what}")
        if not self._preparing:
            self._add(self._preparing, parts.prepare(self._configuration, environment))
        databases = [service for service in self._services if service.command.name == "postgres"]
        child = self._preparing.pop()
        try:
            wait_until_ended(child, pulse=self._pulse, helpers=databases)
        except StartError:
            # What its command says to people is all they need.
            said = next((line for line in reversed(child.log.tail()) if line.startswith(_SAID)), None)
            if said is None:
                raise
            raise StartError(said.removeprefix(_SAID)) from None

    def _start_platform(self, environment: Mapping[str, str]) -> None:
        configuration = self._configuration
        self._progress.step("Starting web, gateway, Celery's workers and beat")
        first, *others = parts.workers(configuration, environment)
        for command in (
            parts.web_part(configuration, environment),
            first,
            parts.beat(configuration, environment),
        ):
            self._add(self._platform, command)
        for child in self._platform:
            wait_until_ready(child, pulse=self._pulse)
            self._progress.say(f"Ready: {child.command.title}")
        for command in others:  # which nobody waits for on a first page
            self._add(self._platform, command)
        self._progress.done()

    def _announce(self) -> None:
        configuration = self._configuration
        self._progress.plain(
            banner(
                public_url=configuration.public_url,
                data_dir=configuration.data_dir,
                seconds=self._progress.seconds,
            )
        )

    def _watch(self) -> None:
        """Until a signal: no fault of the disk ends it, and what ended is started again for as long as it takes."""
        keepers = [Keeper(child, self._progress) for child in self._children]
        rotated = time.monotonic()
        while True:
            self._pulse()
            now = time.monotonic()
            changed = [keeper.look(now) for keeper in keepers]
            if any(changed):
                self._record_children()
            if now - rotated > ROTATE_EVERY_SECONDS:
                rotated = now
                for child in self._children:
                    self._bookkeeping.do(f"rotate {child.log.path.name}", child.log.rotate)
            if self._bookkeeping.look():
                for keeper in keepers:
                    keeper.hurry(now)
            time.sleep(LOOK_EVERY_SECONDS)

    def _stop(self) -> None:
        """First what calls, then what is called. One more signal ends the patience."""
        if any(child.is_alive() for child in self._children):
            self._progress.step("Stopping")
        patient_until = self._signals.count

        def pulse(what: str) -> None:
            self._progress.tick(what)
            if self._signals.count > patient_until:
                raise Stopped

        for group in (self._preparing, self._platform, self._services):
            with suppress(Stopped):
                stop_all(group, pulse=pulse)
        data_dir = self._configuration.data_dir
        self._bookkeeping.do("services", lambda: remove_services(data_dir))
        self._bookkeeping.do("children", lambda: forget_children(data_dir))
        if self._signals.count:
            self._progress.say("Stopped")

    def _add(self, group: list[Child], command: Command) -> None:
        """Starts a child, and writes it down at once."""
        child = Child(command, logs=self._logs)
        group.append(child)
        start_child(child)
        self._record_children()

    def _record_children(self) -> None:
        data_dir = self._configuration.data_dir
        self._bookkeeping.do("children", lambda: record_children(data_dir, self._children))

    def _run_to_end(self, child: Child) -> None:
        run_to_end(child, pulse=self._pulse)

    def _pulse(self, what: str = "") -> None:
        self._progress.tick(what)
        if self._signals.count:
            raise Stopped

    @property
    def _children(self) -> list[Child]:
        return [*self._preparing, *self._services, *self._platform]

    @property
    def _logs(self) -> Path:
        return self._configuration.data_dir / "logs"
