"""A gateway in a process of its own on the test's database, a simulator behind it, and a team with a knowledge base."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts.models import Application, Team
from embedded.child import Child, Command
from embedded.environment import with_simulator
from embedded.ports import free_port
from embedded.probes import answers
from governance.records.models import AuditRecord
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.knowledge.services.indexing import index_some
from prompts.knowledge.services.knowledge import Incoming, put_document
from tests.accounts.factories import make_application, make_team
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.governance.limits.factories import make_budget
from tests.prompts.knowledge.factories import ROUTE, make_base
from tests.services import ROOT, Server, python_environment
from tests.simulator import RunningSimulator, running

MODEL = "amazon.titan-embed-text-v2:0"
LEAVE = "# Leave\n\nEvery employee has thirty days of paid holiday a year.\n\n# Sickness\n\nCall your manager before nine.\n"
TRAVEL = "# Travel\n\nBook trains through the travel office. Flights need the approval of your manager.\n"


def database_url() -> str:
    """The test's database, for another process."""
    values = connection.get_connection_params()
    return f"postgres://{values['user']}:{values['password']}@{values['host']}:{values['port']}/{values['dbname']}"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def gateway_server(
    simulator: RunningSimulator, django_db_setup: None, django_db_blocker: Any, redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:  # fmt: skip
    """A gateway, for all tests of a module: its snapshot follows the database."""
    with django_db_blocker.unblock():
        url = database_url()
    folder: Path = tmp_path_factory.mktemp("gateway")
    port = free_port()
    environment = with_simulator(
        {
            **python_environment(), "DATABASE_URL": url, "REDIS_URL": redis_url, "GATEHOUSE_DATA_DIR": str(folder),
            "GATEHOUSE_SECRET_KEY": django_settings.SECRET_KEY, "GATEHOUSE_MASTER_KEY": django_settings.MASTER_KEY,
            "GATEHOUSE_EMBEDDED": "true", "GATEHOUSE_PORT": str(port), "GATEHOUSE_SNAPSHOT_POLL_SECONDS": "1", "GATEHOUSE_UNKNOWN_CALLS_PER_MINUTE": "0",
        },
        simulator.url,
    )  # fmt: skip
    command = Command(
        name="gateway", title="gateway", environment=environment, folder=ROOT,
        arguments=(
            sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port)
        ),
        is_ready=answers(f"http://127.0.0.1:{port}/readyz"),
    )  # fmt: skip
    server = Server(Child(command, logs=folder / "logs"), url=f"http://127.0.0.1:{port}")
    server.start()
    yield server
    server.stop()


@dataclass
class KnowledgeWorld:
    """A team with a base, and the gateway that embeds for it."""

    team: Team
    application: Application
    base: KnowledgeBase
    simulator: RunningSimulator

    def put(
        self, name: str, text: str | bytes, base: KnowledgeBase | None = None, **options: Any
    ) -> KnowledgeDocument:
        """A document taken in, not yet indexed."""
        content = text.encode() if isinstance(text, str) else text
        return put_document(base or self.base, Incoming(name=name, content=content), **options)[0]

    def indexed(self, name: str, text: str | bytes, **options: Any) -> KnowledgeDocument:
        """A document taken in and indexed, well or not."""
        document = self.put(name, text, **options)
        index_some(seconds=30)
        document.refresh_from_db()
        return document

    def embedded(self) -> list[str]:
        """Every text that reached the embedding model since the last reset."""
        requests = self.simulator.received()["requests"]
        return [each["body"]["inputText"] for each in requests if each["model_id"] == MODEL]

    def charged(self) -> list[AuditRecord]:
        return list(AuditRecord.objects.filter(team=self.team, feature="knowledge"))


@pytest.fixture
def knowledge(
    transactional_db: None, gateway_server: Server, simulator: RunningSimulator, settings: Any
) -> KnowledgeWorld:
    settings.GATEWAY_URL = gateway_server.url
    simulator.reset()
    model = make_model(MODEL, "Titan", kind="embedding")
    make_route(ROUTE, make_deployment(model, input_rate=20_000_000))
    team = make_team("Knowing")
    application = make_application(team, "Assistant")
    make_budget(team)
    return KnowledgeWorld(team, application, make_base(team), simulator)
