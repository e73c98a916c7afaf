"""A gateway on the shared stack, a key for it, and what the record says of a call."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.models import Team
from prompts.registry.models import Label, Prompt
from tests.accounts.factories import make_application, make_key
from tests.client import HTTP
from tests.governance.limits.factories import make_budget, make_rate_limit
from tests.prompts.registry.factories import make_prompt, make_version
from tests.services import Server, Stack, until

MODEL = "claude-sonnet-4-5"
_Client = TypeVar("_Client")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stands here needs a stack, and is of the second tier but for a case of each kind, which is marked `quick`."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("quick") is None:
            item.add_marker(pytest.mark.slow)


@dataclass
class World:
    """One gateway, its simulator and its database."""

    stack: Stack
    server: Server
    key: str

    @property
    def url(self) -> str:
        return self.server.url

    def post(
        self, path: str = "/v1/chat/completions", *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        key = self.key if key is None else key
        headers = ({"authorization": f"Bearer {key}"} if key else {}) | options.pop("headers", {})
        return HTTP.post(self.url + path, headers=headers, timeout=30, **options)

    def chat(self, content: str = "Hello", **members: Any) -> httpx.Response:
        body = {"model": MODEL, "messages": [{"role": "user", "content": content}]} | members
        return self.post(json=body)

    def new_key(self, *, team: str = "Tests", **fields: Any) -> str:
        """A key of a team's application, made if missing; fields of it may be set."""

        def make() -> str:
            row, _ = Team.objects.get_or_create(name=team)
            application = row.applications.filter(name="Tests").first() or make_application(row, "Tests")
            return make_key(application, "", **fields).text

        return self.stack.make(make)

    def knows(self, key: str, *urls: str) -> None:
        """Waits until gateways, or this one, have built a snapshot with a key: what was changed before it is in there too."""
        for url in urls or (self.url,):
            until(lambda url=url: _lets_in(url, key), what="the new snapshot")

    def set_budget(self, *, team: str | None, limit_nanos: int, **fields: Any) -> int:
        """The id of a budget just made: a team's, or with None the organisation's."""
        return self.stack.make(lambda: make_budget(_team(team), limit_nanos=limit_nanos, **fields).pk)

    def set_rate_limit(self, *, team: str | None, metric: str, limit: int, **fields: Any) -> int:
        """The id of a rate limit just made: a team's, or with None the organisation's."""
        return self.stack.make(lambda: make_rate_limit(_team(team), metric=metric, limit=limit, **fields).pk)

    def set_policy(self, document: dict[str, Any], *, team: str, key: str) -> None:
        """Puts a privacy policy of a team in force, and waits until the gateway goes by it."""
        with NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file)
            file.flush()
            self.stack.manage("publish_privacy_policy", file.name, "--team", team, "--reason", "A test.")
        number = self.execute(
            "SELECT max(number) AS number FROM governance_privacypolicyversion v JOIN governance_privacypolicy p ON p.id = v.policy_id "
            "JOIN accounts_team t ON t.id = p.team_id WHERE t.name = %s", team,
        )[0]["number"]  # fmt: skip

        def is_in_force() -> bool:
            answer = self.post(
                key=key, json={"model": MODEL, "messages": [{"role": "user", "content": "Is it?"}]}
            )
            record = self.record(answer.headers["x-gatehouse-call-id"])
            return [f"team {team}", number] in record["checks"].get("policies", [])

        until(is_in_force, what="the policy in force")

    def new_prompt(
        self, name: str, document: dict[str, Any], *, team: str | None = "Tests", label: str = "production",
        state: str = "approved", **fields: Any,
    ) -> int:  # fmt: skip
        """The id of a prompt with one version; with "" for a label, none leads to it. No gateway sees a part of it."""
        document = {"model": MODEL, **document}
        return self.stack.make(
            lambda: make_prompt(_team(team), name, document=document, label=label, state=state, **fields).pk
        )

    def new_version(
        self, prompt: int, document: dict[str, Any], *, label: str = "", state: str = "approved"
    ) -> int:
        """The number of a version just made, to which a label is moved, if one is named."""

        def make() -> int:
            row = Prompt.objects.get(pk=prompt)
            number = 1 + row.versions.count()
            made = make_version(row, number=number, state=state, document={"model": MODEL, **document})
            if label:
                Label.objects.update_or_create(prompt=row, name=label, defaults={"version": made})
            return number

        return self.stack.make(make)

    def say(self, *texts: str | dict[str, Any]) -> None:
        """What the model answers next."""
        scripts = [{"text": text} if isinstance(text, str) else text for text in texts]
        HTTP.put(f"{self.stack.simulator}/_simulator/replies", json=scripts).raise_for_status()

    def execute(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self.stack.pool.connection() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def record(self, call_id: str) -> dict[str, Any]:
        """The one record of a call, once it is there."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = self.execute("SELECT * FROM governance_auditrecord WHERE call_id = %s", call_id)
            return bool(found)

        until(is_there, what=f"the record of {call_id}")
        return found[0]

    def content(self, call_id: str) -> dict[str, Any]:
        return self.execute("SELECT * FROM governance_auditcontent WHERE call_id = %s", call_id)[0]

    def latest_record(self, *, end_user: str) -> dict[str, Any]:
        """The record of the latest call that carried this tag."""
        statement = (
            "SELECT call_id FROM governance_auditrecord WHERE end_user = %s ORDER BY call_id DESC LIMIT 1"
        )
        until(lambda: self.execute(statement, end_user), what=f"a record of {end_user}")
        return self.record(str(self.execute(statement, end_user)[0]["call_id"]))

    def fault(self, region: str = "us-east-1", **settings: Any) -> None:
        HTTP.put(f"{self.stack.simulator}/_simulator/regions/{region}", json=settings).raise_for_status()

    def heal(self) -> None:
        HTTP.delete(f"{self.stack.simulator}/_simulator/regions").raise_for_status()
        self.say()

    def received(self) -> list[dict[str, Any]]:
        """What reached the model, the last 200 requests, oldest first."""
        found: list[dict[str, Any]] = self._requests()["requests"]
        return found

    def count_received(self, *, without: tuple[str, ...] = ()) -> int:
        """How many requests have reached the model, but those of some operations."""
        regions = self._requests()["by_region"].values()
        return sum(count for counts in regions for name, count in counts.items() if name not in without)

    def _requests(self) -> dict[str, Any]:
        found: dict[str, Any] = HTTP.get(f"{self.stack.simulator}/_simulator/requests").json()
        return found


def _team(name: str | None) -> Team | None:
    return None if name is None else Team.objects.get(name=name)


@pytest.fixture(scope="session")
def shared_world(stack: Stack) -> World:
    server = stack.gateway()
    key = json.loads(stack.manage("create_api_key", "--team", "Tests", "--application", "SDKs", "--json"))[
        "key"
    ]
    world = World(stack, server, key)
    world.set_budget(team="Tests", limit_nanos=10**15)
    until(lambda: world.chat().status_code == 200, what="the first answer")
    return world


@pytest.fixture
def opened() -> Iterator[Callable[[AbstractContextManager[_Client]], _Client]]:
    """Closes what it was given when the test ends: the socket of a client that is left to the garbage collector warns in whatever
    test that comes round in."""
    with ExitStack() as clients:
        yield clients.enter_context


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    yield shared_world
    shared_world.heal()


def _lets_in(url: str, key: str) -> bool:
    """Whether a gateway knows a key, by what counts in no limit: the handshake of a WebSocket."""
    address = url.replace("http", "ws", 1) + "/ws/v1/chat"
    try:
        with connect(address, additional_headers={"authorization": f"Bearer {key}"}):
            return True
    except InvalidStatus:
        return False
