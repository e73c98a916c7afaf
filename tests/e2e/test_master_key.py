"""One master key takes the place of another while gateways run: what was sealed opens everywhere, and placeholders stay."""

import shutil
from collections.abc import Iterator

import pytest

from accounts.models import Team
from tests.accounts.factories import make_application, make_key, make_team
from tests.e2e.conftest import MODEL, World
from tests.e2e.wire import sent
from tests.services import PASSWORD, Stack, temporary_folder

OLD, NEW = PASSWORD * 4, "another master key, long and random as well"
SECRET = "I am ann@example.com."
BEFORE = {"GATEHOUSE_MASTER_KEY": OLD, "GATEHOUSE_PREVIOUS_MASTER_KEY": NEW}
WHILE = {"GATEHOUSE_MASTER_KEY": NEW, "GATEHOUSE_PREVIOUS_MASTER_KEY": OLD}
AFTER = {"GATEHOUSE_MASTER_KEY": NEW}


@pytest.fixture
def own_world() -> Iterator[World]:
    folder = temporary_folder()
    with Stack(folder) as stack:
        stack.manage("load_catalog")
        yield World(stack, stack.gateway(env={"GATEHOUSE_MASTER_KEY": OLD}), "")
    shutil.rmtree(folder, ignore_errors=True)


def stored(world: World) -> tuple[str, str]:
    """The id of a response that is stored, and what the model was sent in place of the address."""
    answer = world.post("/v1/responses", json={"model": MODEL, "input": SECRET})
    assert answer.json()["store"], answer.text
    (message,) = sent(world)["messages"]
    return answer.json()["id"], message["content"][0]["text"]


def test_what_was_sealed_opens_and_placeholders_stay(own_world):
    world, stack = own_world, own_world.stack

    def make() -> str:
        team = make_team("Storing")
        Team.objects.filter(pk=team.pk).update(response_days=10)
        return make_key(make_application(team, "One"), "").text

    world.key = stack.make(make)
    world.set_budget(team="Storing", limit_nanos=10**15)
    world.knows(world.key)
    first, placeholder = stored(world)
    assert "ann@example.com" not in placeholder

    servers = [stack.gateway(env=env) for env in (BEFORE, WHILE)]
    assert "2 encrypted anew, 0 were already, 0 can't be opened." in stack.manage("rewrap_keys", **WHILE)
    servers.append(stack.gateway(env=AFTER))
    made = [first]
    for server in servers:
        world.server = server
        response, text = stored(world)
        assert text == placeholder
        made.append(response)
    for server in servers:
        world.server = server
        for response in made:
            answer = world.post(
                "/v1/responses", json={"model": MODEL, "input": "And?", "previous_response_id": response}
            )
            assert answer.status_code == 200, answer.text
            assert sent(world)["messages"][0]["content"][0]["text"] == placeholder
    assert "0 encrypted anew, 2 were already" in stack.manage("rewrap_keys", **AFTER)
