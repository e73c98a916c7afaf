"""Responses that are stored: gone on from, read, listed and deleted with OpenAI's own SDK, by whom they belong to."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openai
import pytest

from accounts.models import Team
from governance.records.models import TeamKey
from governance.records.services import team_keys
from governance.records.services.response_store import drop_expired
from kernel.clock import utc_now
from tests.accounts.factories import make_application, make_key, make_person
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.e2e.wire import adjusted, sent
from tests.services import until

SECRET = "I am ann@example.com."


@pytest.fixture
def keys(world: World) -> tuple[str, str]:
    """Of two applications of one team, which stores responses for ten days."""

    def make() -> tuple[str, str]:
        team, is_new = Team.objects.get_or_create(name="Storing", defaults={"response_days": 10})
        names = ("One", "Two")
        if is_new:
            for name in names:
                make_application(team, name)
        first, second = (team.applications.get(name=name) for name in names)
        return make_key(first, "").text, make_key(second, "").text

    found = world.stack.make(make)
    if not world.execute(
        "SELECT 1 FROM governance_budget b JOIN accounts_team t ON t.id = b.team_id WHERE t.name = 'Storing'"
    ):
        world.set_budget(team="Storing", limit_nanos=10**15)
    world.knows(found[1])
    return found


@pytest.fixture
def client(world: World, keys: tuple[str, str]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=keys[0], max_retries=0) as opened:
        yield opened


def _is_missing(client: openai.OpenAI, response_id: str) -> bool:
    try:
        client.responses.retrieve(response_id)
    except openai.NotFoundError:
        return True
    return False


def stored(world: World, response_id: str) -> dict[str, Any]:
    return world.execute(
        "SELECT * FROM governance_storedresponse WHERE call_id = %s::uuid", response_id.removeprefix("resp_")
    )[0]


@pytest.mark.quick
def test_a_response_is_stored_sealed_and_read_back_as_it_was(client, world):
    for is_stream in (False, True):
        if is_stream:
            with client.responses.stream(model=MODEL, input=SECRET, instructions="Be kind.") as stream:
                told = stream.until_done().get_final_response()
        else:
            told = client.responses.create(model=MODEL, input=SECRET, instructions="Be kind.")
        assert told.store
        read = client.responses.retrieve(told.id)
        assert (read.status, read.usage, read.output_text) == (told.status, told.usage, told.output_text)
        if not is_stream:
            assert read.to_dict() == told.to_dict()
        assert SECRET in read.output_text
        assert b"ann@example.com" not in bytes(stored(world, told.id)["sealed"])
        items = client.responses.input_items.list(told.id).data
        assert items[0].content[0].text == SECRET


def test_a_conversation_goes_on_from_what_is_stored(client, world):
    first = client.responses.create(model=MODEL, input=SECRET, instructions="First.")
    second = client.responses.create(model=MODEL, input="And now?", previous_response_id=first.id)
    third = client.responses.create(model=MODEL, input="Who am I?", previous_response_id=second.id)
    assert third.previous_response_id == second.id
    conversation = sent(world)
    said = [block["text"] for message in conversation["messages"] for block in message["content"]]
    assert [message["role"] for message in conversation["messages"]] == ["user", "assistant"] * 2 + ["user"]
    assert (said[2], said[4]) == ("And now?", "Who am I?")
    assert "ann@example.com" not in json.dumps(conversation)
    assert "system" not in conversation
    reference = {"type": "item_reference", "id": first.output[0].id}
    fourth = client.responses.create(model=MODEL, input=[reference, {"role": "user", "content": "Go on."}])
    assert sent(world)["messages"][1]["role"] == "assistant"
    client.responses.delete(first.id)  # the item is the fourth's own, too
    client.responses.create(model=MODEL, input="More.", previous_response_id=fourth.id)
    assert [message["role"] for message in sent(world)["messages"]] == ["user", "assistant"] * 2 + ["user"]


def test_tools_and_thoughts_are_gone_on_from(client, world):
    tool = {
        "type": "function",
        "name": "f",
        "strict": True,
        "parameters": {"type": "object", "properties": {}},
    }
    options: dict[str, Any] = {
        "model": MODEL,
        "tools": [tool],
        "reasoning": {"effort": "low"},
        "max_output_tokens": 4000,
    }
    first = client.responses.create(input=SECRET, **options)
    output = {"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "done"}
    client.responses.create(input=[output], previous_response_id=first.id, **options)
    turn = sent(world)["messages"][1]["content"]
    assert turn[0]["reasoningContent"]["reasoningText"]["signature"]
    assert "toolUse" in turn[-1]


@pytest.mark.parametrize("end", ["delete", "expire", "erase"])
def test_what_is_gone_is_gone_for_all(client, world, end):
    first = client.responses.create(model=MODEL, input="Hello")
    second = client.responses.create(model=MODEL, input="Hello", previous_response_id=first.id)
    if end == "delete":
        client.responses.delete(first.id)
    elif end == "expire":
        world.execute(
            "UPDATE governance_storedresponse SET expires_at = now() - interval '1 second' WHERE call_id = %s::uuid RETURNING 1",
            first.id.removeprefix("resp_"),
        )
    else:

        def erase() -> None:
            keys = TeamKey.objects.filter(team__name="Storing", erased_at=None)
            team_keys.erase(keys, by=make_person("eraser"), reason="A test.", now=utc_now())

        world.stack.make(erase)
        until(lambda: _is_missing(client, first.id), what="the key to be forgotten")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    for previous in (first.id, second.id):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=MODEL, input="Hello", previous_response_id=previous)
        assert (refused.value.code, refused.value.param) == (
            "previous_response_not_found",
            "previous_response_id",
        )


def test_the_task_deletes_what_has_expired(client, world):
    told = client.responses.create(model=MODEL, input="Hello")
    at = stored(world, told.id)["expires_at"]
    assert at - utc_now() > timedelta(days=9)
    world.stack.make(lambda: drop_expired(now=at - timedelta(seconds=1)))
    assert stored(world, told.id)
    world.stack.make(lambda: drop_expired(now=at))
    with pytest.raises(IndexError):
        stored(world, told.id)


def test_another_applications_or_teams_do_not_exist(client, world, keys):
    told = client.responses.create(model=MODEL, input="Hello")
    for key in (keys[1], world.key):
        with openai.OpenAI(base_url=f"{world.url}/v1", api_key=key, max_retries=0) as other:
            for ask in (
                lambda: other.responses.retrieve(told.id),
                lambda: other.responses.delete(told.id),
                lambda: other.responses.cancel(told.id),
                lambda: other.responses.input_items.list(told.id),
            ):
                with pytest.raises(openai.NotFoundError, match="not found"):
                    ask()
            with pytest.raises(openai.BadRequestError, match="not found"):
                other.responses.create(model=MODEL, input="Hello", previous_response_id=told.id)
            with pytest.raises(openai.BadRequestError, match="no stored item"):
                other.responses.create(
                    model=MODEL, input=[{"type": "item_reference", "id": told.output[0].id}]
                )
    assert client.responses.retrieve(told.id).id == told.id


def test_cancelling_pages_and_lengths(client):
    items: Any = [{"role": "user", "content": str(number)} for number in range(3)]
    told = client.responses.create(model=MODEL, input=items)
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        client.responses.cancel(told.id)
    listed = client.responses.input_items.list(told.id, limit=2, order="asc")
    assert [item.content[0].text for item in listed.data] == ["0", "1"]
    assert listed.has_more
    assert [item.content[0].text for item in client.responses.input_items.list(told.id, limit=2)] == [
        "2",
        "1",
        "0",
    ]
    short = client.responses.input_tokens.count(model=MODEL, input="Hello").input_tokens
    more = client.responses.input_tokens.count(model=MODEL, input="Hello", previous_response_id=told.id)
    assert 0 < short < more.input_tokens


def test_nothing_is_stored_where_the_team_does_not_or_the_caller_says_so(client, world):
    assert client.responses.create(model=MODEL, input="Hello", store=False).store is False
    for body, said in (({}, ""), ({"store": True}, "store; dropped"), ({"store": False}, "")):
        answer = world.post("/v1/responses", json={"model": MODEL, "input": "Hello"} | body)
        assert (answer.json()["store"], adjusted(answer)) == (False, said)
        assert world.post(f"/v1/responses/{answer.json()['id']}/cancel").status_code == 404


def test_a_policy_that_stores_no_bodies_stores_no_responses(world):
    key = world.new_key(team="Discreet")
    world.set_budget(team="Discreet", limit_nanos=10**15)
    world.stack.make(lambda: Team.objects.filter(name="Discreet").update(response_days=5))
    key = world.new_key(team="Discreet")
    world.knows(key)
    body = {"model": MODEL, "input": "Hello", "store": True}
    assert world.post("/v1/responses", key=key, json=body).json()["store"] is True
    world.set_policy({"bodies": "none"}, team="Discreet", key=key)
    answer = world.post("/v1/responses", key=key, json=body)
    assert (answer.json()["store"], adjusted(answer)) == (False, "store; dropped")
    refused = world.post("/v1/responses", key=key, json=body | {"previous_response_id": answer.json()["id"]})
    assert refused.json()["error"]["code"] == "previous_response_not_found"
    said = refused.json()["error"]["message"]
    assert "does not store responses" in said
    assert "'store': false" in said  # what clients switch


@pytest.mark.parametrize("hidden", ["hash", "redact"])
def test_what_a_rule_hides_for_good_is_not_stored(world, hidden):
    team = f"Hiding {hidden}"
    world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=10**15)
    world.stack.make(lambda: Team.objects.filter(name=team).update(response_days=5))
    key = world.new_key(team=team)
    world.knows(key)
    world.set_policy({"rules": [{"entity": "EMAIL_ADDRESS", "to_model": hidden}]}, team=team, key=key)
    told = world.post("/v1/responses", key=key, json={"model": MODEL, "input": SECRET}).json()
    headers = {"authorization": f"Bearer {key}"}
    items = HTTP.get(f"{world.url}/v1/responses/{told['id']}/input_items", headers=headers).json()["data"]
    assert "ann@example.com" not in items[0]["content"][0]["text"]
    assert "EMAIL_ADDRESS" in items[0]["content"][0]["text"]
