"""Bodies in a database of their own: written there first, read and found as ever, and no call lost while it is away."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from kernel.clock import utc_now
from tests.client import HTTP
from tests.e2e.conftest import World
from tests.services import Server, Stack, until

NAME = "bodies"
PERSON = ("bodies@example.com", "only-for-tests-of-bodies")


class Apart:
    """A gateway whose bodies are apart, beside one whose bodies are not, on the same first database."""

    def __init__(self, world: World, stack: Stack) -> None:
        self.world = world
        self.stack = stack
        with psycopg.connect(stack.postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {NAME}")
        self.url = urlunsplit(urlsplit(stack.postgres)._replace(path=f"/{NAME}"))
        self.env = {"GATEHOUSE_BODIES_DATABASE_URL": self.url}
        stack.manage("prepare", "--data-dir", str(stack.data_dir), "--no-demo", **self.env)
        email, password = PERSON
        stack.manage("createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=password)
        self.server: Server = stack.gateway(env=self.env)

    def call(self, text: str, *, url: str | None = None) -> str:
        """A call's id."""
        answer = HTTP.post(
            (url or self.server.url) + "/v1/chat/completions",
            headers={"authorization": f"Bearer {self.world.key}"},
            json={"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": text}]},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.headers["x-gatehouse-call-id"]

    def index(self) -> None:
        self.stack.manage(
            "shell", "-c", "from governance.tasks import index_bodies; index_bodies()", **self.env
        )

    def contents(self, call_id: str, url: str | None = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(url or self.url) as connection:
            query = "SELECT request, team_id FROM governance_auditcontent WHERE call_id = %s"
            return connection.execute(query, (call_id,)).fetchall()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the database takes no connection."""
        with psycopg.connect(self.stack.postgres, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS false")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (NAME,)
            )
            try:
                yield
            finally:
                connection.execute(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS true")

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Signed in."""
        with httpx.Client(base_url=self.server.url, follow_redirects=True, timeout=30) as client:
            page = client.get("/admin/login/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            email, password = PERSON
            values = {"username": email, "password": password, "csrfmiddlewaretoken": token[1]}
            assert client.post("/admin/login/?next=/admin/", data=values).status_code == 200
            assert "sessionid" in client.cookies
            yield client


@pytest.fixture(scope="module")
def apart(shared_world: World, stack: Stack) -> Apart:
    return Apart(shared_world, stack)


def found(client: httpx.Client, text: str) -> list[str]:
    answer = client.get("/api/v1/calls/", params={"text": text})
    assert answer.status_code == 200, answer.text
    return [row["call_id"] for row in answer.json()["results"]]


def test_only_the_tables_of_bodies_are_there(apart: Apart):
    query = (
        "SELECT relname, relispartition FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p')"
    )
    with psycopg.connect(apart.url) as connection:
        rows = connection.execute(query).fetchall()
    assert {name for name, is_partition in rows if not is_partition} == {
        "django_migrations", "governance_auditcontent", "governance_sealedcontent", "governance_contentindex",
        "governance_contentindexstate",
    }  # fmt: skip
    month = f"{utc_now():%Y_%m}"
    for table in ("auditcontent", "sealedcontent", "contentindex"):
        assert {f"governance_{table}_{month}", f"governance_{table}_default"} <= {name for name, _ in rows}


def test_bodies_are_written_there_and_read_from_there(apart: Apart):
    call_id = apart.call("A yellow submarine for ann@example.com")
    record = apart.world.record(call_id)
    assert record["body"] == "redacted"
    ((request, team_id),) = apart.contents(call_id)
    assert "yellow submarine for <EMAIL_ADDRESS_" in request
    assert team_id == record["team_id"]
    assert apart.contents(call_id, apart.stack.postgres) == []
    with apart.browser() as client:
        content = client.get(f"/api/v1/calls/{call_id}/").json()["content"]
        assert "yellow submarine" in content["request"]["messages"][0]["content"][0]["text"]
        assert "yellow submarine" in client.get(f"/admin/governance/auditrecord/{call_id}/change/").text


def test_what_was_stored_before_is_read_and_found_all_the_same(apart: Apart):
    older = apart.call("A purple submarine", url=apart.world.url)
    newer = apart.call("A purple airship")
    assert apart.contents(older) == []
    apart.index()
    with apart.browser() as client:
        content = client.get(f"/api/v1/calls/{older}/").json()["content"]
        assert "purple submarine" in content["request"]["messages"][0]["content"][0]["text"]
        assert found(client, "purple") == [newer, older]
        assert found(client, "purple airship") == [newer]
        assert newer in client.get("/admin/governance/auditrecord/", params={"q": "purple airship"}).text


@pytest.mark.slow
def test_while_it_is_away_calls_go_on_and_records_say_so(apart: Apart):
    before = apart.call("Before")
    with apart.away(), apart.browser() as client:
        call_id = apart.call("Meanwhile")
        assert apart.world.record(call_id)["body"] == "lost"
        assert apart.world.record(call_id)["cost_nanos"] > 0
        detail = client.get(f"/api/v1/calls/{before}/")
        assert (detail.status_code, detail.json()["content"]) == (200, None)
        page = client.get(f"/admin/governance/auditrecord/{before}/change/")
        assert (page.status_code, "does not answer" in page.text) == (200, True)
        assert client.get("/api/v1/calls/", params={"text": "before"}).status_code == 503
        assert client.get("/admin/governance/auditrecord/", params={"q": "before"}).status_code == 200
    until(
        lambda: apart.world.record(apart.call("Afterwards"))["body"] == "redacted",
        seconds=60, what="a body stored again",
    )  # fmt: skip
    with apart.browser() as client:
        assert client.get(f"/api/v1/calls/{before}/").json()["content"] is not None
        page = client.get(f"/admin/governance/auditrecord/{call_id}/change/").text
        assert "the database of bodies could not be reached" in page
