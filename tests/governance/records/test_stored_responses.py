"""Stored responses: under the team's key or nowhere, read under earlier generations too, and never in a call's way."""

import asyncio
import json
from typing import Any

import pytest

from accounts.models import Team
from gateway.call import Call
from gateway.call.groups import Request
from gateway.catalogue.models import Model
from gateway.entrances.formats.responses import ResponsesEntrance
from gateway.pipeline import fold
from gateway.runtime import Gateway
from governance.records.models import StoredResponse
from governance.records.services.response_store import ResponsesUnavailableError, Whose
from governance.records.services.team_keys import rotate
from kernel.clock import utc_now
from tests.gateway.factories import gateway_settings, simulator, started
from tests.governance.records.test_bodies import ADDRESS, TEXT, everything_stored
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = make_world()
    Model.objects.update(context_window=200_000)
    Team.objects.update(response_days=3)
    return made


async def answered(gateway: Gateway, world: World) -> tuple[Call, dict[str, Any]]:
    """A call that has ended, and the response as its caller got it."""
    entrance = ResponsesEntrance()
    read = entrance.parse(json.dumps({"model": "nova-lite", "input": TEXT}).encode())
    request = Request(
        wire_format="responses",
        is_stream=False,
        model=read.model,
        key_text=world.mine.key_text,
        client_ip=None,
    )
    call = Call(request=request, conversation=read.conversation, places=read.places, response=read.response)
    reply = await fold(call, gateway)
    return call, json.loads(entrance.whole(call, reply.events, reply.finished))


def whose(world: World) -> Whose:
    return Whose(world.mine.team.pk, world.mine.application.pk)


def test_it_is_nowhere_in_the_clear_and_opens_under_an_earlier_key(
    world: World, gateway_settings: Any
) -> None:
    async def make() -> tuple[Call, dict[str, Any]]:
        async with started() as gateway:
            return await answered(gateway, world)

    call, told = asyncio.run(make())
    assert ADDRESS in json.dumps(told)
    assert ADDRESS.encode() not in everything_stored()
    newer = rotate(world.mine.team, now=utc_now())
    assert StoredResponse.objects.get().generation < newer.generation

    async def read() -> Any:
        async with started() as gateway:
            await gateway.keyring.get(world.mine.team.pk)
            return await gateway.response_reader.one(call.id, whose(world))

    found = asyncio.run(read())
    assert found["response"] == told
    assert found["input"][0]["content"][0]["text"] == TEXT


@pytest.mark.parametrize("what", ["database", "key", "fault"])
def test_what_can_not_be_stored_is_told_so_and_fails_no_call(
    world: World, gateway_settings: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise ResponsesUnavailableError if what == "database" else ValueError

    async def no_key(_: int) -> None:
        return None

    async def make() -> dict[str, Any]:
        async with started() as gateway:
            if what == "key":
                monkeypatch.setattr(gateway.keyring, "get", no_key)
            else:
                monkeypatch.setattr(gateway.responses, "put", fail)
            return (await answered(gateway, world))[1]

    told = asyncio.run(make())
    assert (told["status"], told["store"]) == ("completed", False)
    assert not StoredResponse.objects.exists()
