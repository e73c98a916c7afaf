"""The playground's WebSocket: people who are signed in, on the real server, with the gateway behind it."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import Team
from tests.accounts.factories import make_person, make_superuser, make_team
from tests.e2e.conftest import World
from tests.services import PASSWORD, until

GREETING: dict[str, Any] = {
    "messages": [{"role": "system", "text": "You greet. {{ note }}"}, {"text": "Greet {{ name }}."}],
    "variables": [{"name": "name", "schema": {"maxLength": 40}}, {"name": "note", "is_required": False}],
}


@pytest.fixture(scope="module")
def people(shared_world: World) -> dict[str, str]:
    """Cookies of sessions, by name."""
    shared_world.stack.make(_make_people)
    return {name: _signed_in(shared_world, name) for name in ("dev", "reviewer", "stranger", "root")}


def _make_people() -> None:
    team, _ = Team.objects.get_or_create(name="Tests")
    other = make_team("Others of the playground")
    for name, where, role in (
        ("dev", team, "developer"),
        ("reviewer", team, "reviewer"),
        ("stranger", other, "owner"),
    ):
        make_person(f"play-{name}", team=where, role=role, password=PASSWORD)
    make_superuser("play-root", password=PASSWORD)


def _signed_in(world: World, name: str) -> str:
    with httpx.Client(base_url=world.url, timeout=30) as client:
        client.get("/admin/login/")
        form = {
            "username": f"play-{name}@example.com", "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }  # fmt: skip
        answer = client.post("/admin/login/?next=/admin/", data=form, headers={"referer": world.url})
        assert answer.status_code == 302, answer.text
        return f"sessionid={client.cookies['sessionid']}"


@pytest.fixture
def prompt(world: World) -> int:
    """A prompt of the team with an approved version and, as version 2, a draft."""
    number = world.execute("SELECT count(*) AS n FROM prompts_prompt")[0]["n"]
    made = world.new_prompt(f"played-{number}", GREETING)
    world.new_version(made, {**GREETING, "messages": [{"text": "Draft: {{ name }}."}]}, state="draft")
    name = f"played-{number}"
    until(lambda: world.post(f"/v1/prompts/{name}/run", json={}).status_code == 400, what="the prompt")
    return made


def dial(world: World, cookie: str = "", origin: str | None = None) -> connect:
    headers = {"Cookie": cookie} if cookie else {}
    url = world.url.replace("http", "ws") + "/ws/admin/playground"
    return connect(url, additional_headers=headers, origin=origin or world.url)  # type: ignore[arg-type]


async def run(socket: ClientConnection, **members: Any) -> None:
    await socket.send(json.dumps({"side": "a", "version": 1, "variables": {"name": "Ann"}, **members}))


async def received(socket: ClientConnection, *before: Any) -> dict[str, Any]:
    """The next message; `before` is what came until then, and is told where none comes."""
    try:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 60))
    except TimeoutError as error:
        raise AssertionError(f"nothing came after {before}") from error
    return found


async def until_record(socket: ClientConnection, *sides: str) -> list[dict[str, Any]]:
    """All messages until each side has its record, or an error that came before there was a call."""
    found, open_sides = [], set(sides or "a")
    while open_sides:
        message = await received(socket, *found)
        found.append(message)
        if message["type"] == "record" or (message["type"] == "error" and not message.get("code")):
            open_sides.discard(message["side"])
    return found


async def refused(world: World, cookie: str, **members: Any) -> str:
    async with dial(world, cookie) as socket:
        await run(socket, **members)
        (message,) = await until_record(socket)
        assert message["type"] == "error"
        return str(message["message"])


@pytest.mark.parametrize("cookie", ["", "sessionid=nonsense"])
async def test_who_is_not_signed_in_is_not_let_in(world, people, cookie):
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with dial(world, cookie) as socket:
            await socket.recv()


async def test_who_signed_out_or_was_switched_off_is_not_let_in(world, people):
    cookie = _signed_in(world, "reviewer")
    world.execute("UPDATE accounts_user SET is_active = false WHERE email = 'play-reviewer@example.com'")
    try:
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            async with dial(world, cookie) as socket:
                await socket.recv()
    finally:
        world.execute("UPDATE accounts_user SET is_active = true WHERE email = 'play-reviewer@example.com'")


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://127.0.0.1.evil.example.com", "null"])
async def test_a_page_of_another_site_is_not_let_in(world, people, origin):
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with dial(world, people["dev"], origin) as socket:
            await socket.recv()


@pytest.mark.quick
async def test_a_run_from_what_is_sent_to_what_is_on_record(world, people, prompt):
    async with dial(world, people["dev"]) as socket:
        await run(
            socket, prompt=prompt, variables={"name": "Ann Smith, ann@example.com", "note": "</x> {{ 7 }}"}
        )
        messages = await until_record(socket)
    kinds = [message["type"] for message in messages]
    assert kinds[:2] == ["rendered", "start"]
    assert kinds[-2:] == ["end", "record"]
    assert set(kinds[2:-2]) == {"delta"}
    assert {message["side"] for message in messages} == {"a"}
    assert messages[0]["turns"] == [
        {"role": "system", "text": "You greet. </x> {{ 7 }}"},
        {"role": "user", "text": "Greet Ann Smith, ann@example.com."},
    ]
    facts = messages[-1]
    assert "render prompt" in [stage[0] for stage in facts["stages"]]
    assert (facts["status"], facts["output_tokens"] > 0) == ("Succeeded", True)
    assert "ann@example.com" not in json.dumps(facts["masked"])
    assert facts["masked"][-1]["text"].startswith("Greet Ann Smith")
    record = world.record(facts["call_id"])
    assert record["end_user"].startswith("<EMAIL_ADDRESS_")
    assert (record["feature"], record["prompt_id"], record["prompt_version"]) == (
        "playground", prompt, 1,
    )  # fmt: skip
    team = world.execute("SELECT name FROM accounts_team WHERE id = %s", record["team_id"])[0]["name"]
    assert team == "Tests"
    assert record["cost_nanos"] > 0


async def test_drafts_run_too(world, people, prompt):
    async with dial(world, people["root"]) as socket:
        await run(socket, prompt=prompt, version=2)
        messages = await until_record(socket)
    assert messages[0]["turns"] == [{"role": "user", "text": "Draft: Ann."}]
    assert world.record(messages[-1]["call_id"])["prompt_version"] == 2


async def test_a_model_that_is_silent_for_long_is_waited_for(world, people, prompt):
    """What keeps its stream open meanwhile is nothing to be shown."""
    server = world.stack.gateway(env={"GATEHOUSE_STREAM_KEEP_ALIVE_SECONDS": "0.2"})
    other = World(world.stack, server, world.key)
    world.fault(latency_ms=1500)
    async with dial(other, people["root"]) as socket:
        await run(socket, prompt=prompt)
        messages = await until_record(socket)
    kinds = Counter(message["type"] for message in messages)
    assert (kinds["start"], kinds["end"], kinds["record"], kinds["error"]) == (1, 1, 1, 0)


async def test_what_is_not_one_s_own_does_not_exist(world, people, prompt):
    count = world.count_received()
    for who in ("stranger", "reviewer"):
        assert "no such prompt, or you may not" in await refused(world, people[who], prompt=prompt)
    assert "no such prompt" in await refused(world, people["dev"], prompt=10**9)
    assert "no version 99" in await refused(world, people["dev"], prompt=prompt, version=99)
    assert world.count_received() == count


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"variables": {}}, "'name' is missing"),
        ({"variables": {"name": 3}}, "'name' must be a text"),
        ({"variables": {"name": "x", "zip": 1}}, "no variable 'zip'"),
        ({"variables": None}, "an invalid message"),
        ({"variables": [1]}, "an invalid message"),
        ({"version": "1"}, "an invalid message"),
        ({"prompt": "x"}, "an invalid message"),
        ({"side": "c"}, "an invalid message"),
    ],
)
async def test_what_can_not_be_run_is_said(world, people, prompt, members, words):
    assert words in await refused(world, people["dev"], **{"prompt": prompt, **members})


async def test_nonsense_keeps_the_connection(world, people, prompt):
    async with dial(world, people["dev"]) as socket:
        for nonsense in ("{", "[]", "null", b"\x00\x01", "x" * 1_000_001):
            await socket.send(nonsense)
            assert "an invalid message" in (await received(socket))["message"]
        await run(socket, prompt=prompt)
        assert (await until_record(socket))[-1]["type"] == "record"


async def test_what_the_gateway_refuses_is_shown_with_its_record(world, people, prompt):
    made = world.new_version(prompt, {**GREETING, "model": "no-such-model"})
    async with dial(world, people["dev"]) as socket:
        await run(socket, prompt=prompt, version=made)
        messages = await until_record(socket)
    assert [message["type"] for message in messages] == ["rendered", "error", "record"]
    assert messages[1]["code"] == "model_not_found"
    assert messages[2]["status"] in ("Refused", "Failed")


async def test_stopped_the_call_is_settled_with_what_it_used(world, people, prompt):
    world.fault(tokens_per_second=30)
    long = world.new_version(
        prompt,
        {"messages": [{"text": "[simulate: tokens=2000] Hello"}], "limits": {"max_output_tokens": 3000}},
    )
    async with dial(world, people["dev"]) as socket:
        await run(socket, prompt=prompt, version=long, variables={})
        call_id = ""
        for _ in range(6):
            message = await received(socket)
            call_id = call_id or message.get("id") or message.get("call_id") or ""
        assert message["type"] == "delta"
        await socket.send(json.dumps({"side": "a", "stop": True}))
        await asyncio.sleep(1.5)  # what was under way may still come
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_until_other_than(socket, "delta"), 1.5)
        world.heal()
        await run(socket, prompt=prompt)
        assert (await until_record(socket))[-1]["type"] == "record"
    assert call_id
    record = await asyncio.to_thread(world.record, call_id)
    assert record["status"] == "cancelled"
    assert 0 < record["cost_nanos"] < record["reserved_nanos"]


async def _until_other_than(socket: ClientConnection, kind: str) -> None:
    while (await received(socket))["type"] == kind:
        pass


async def test_a_page_that_is_closed_stops_its_runs(world, people, prompt):
    world.fault(tokens_per_second=30)
    long = world.new_version(
        prompt,
        {"messages": [{"text": "[simulate: tokens=2000] Hello"}], "limits": {"max_output_tokens": 3000}},
    )
    async with dial(world, people["dev"]) as socket:
        await run(socket, prompt=prompt, version=long, variables={})
        call_id = ""
        while not call_id:
            message = await received(socket)
            call_id = message.get("id") or message.get("call_id") or ""
    record = await asyncio.to_thread(world.record, call_id)
    assert record["status"] == "cancelled"


async def test_two_sides_at_once(world, people, prompt):
    world.fault(tokens_per_second=60)
    async with dial(world, people["dev"]) as socket:
        await run(socket, prompt=prompt, side="a", variables={"name": "Ann"})
        await run(socket, prompt=prompt, side="b", version=2, variables={"name": "Bob"})
        messages = await until_record(socket, "a", "b")
    for side, version, name in (("a", 1, "Ann"), ("b", 2, "Bob")):
        own = [message for message in messages if message["side"] == side]
        kinds = Counter(message["type"] for message in own)
        assert (kinds["rendered"], kinds["start"], kinds["end"], kinds["record"]) == (1, 1, 1, 1)
        assert name in own[0]["turns"][-1]["text"]
        assert world.record(own[-1]["call_id"])["prompt_version"] == version
    order = [message["side"] for message in messages if message["type"] == "delta"]
    assert order != sorted(order), "they come by turns"


async def test_a_new_run_takes_the_place_of_the_one_before(world, people, prompt):
    world.fault(tokens_per_second=30)
    async with dial(world, people["dev"]) as socket:
        await run(socket, prompt=prompt, variables={"name": "First"})
        while (await received(socket))["type"] != "delta":
            pass
        world.heal()
        await run(socket, prompt=prompt, variables={"name": "Second"})
        messages = await until_record(socket)
    rendered = [message for message in messages if message["type"] == "rendered"]
    assert [message["turns"][-1]["text"] for message in rendered] == ["Greet Second."]
    assert Counter(message["type"] for message in messages)["record"] == 1


async def test_a_shared_prompt_is_run_for_a_team_that_has_none_of_its_name(world, people):
    """By its name a team's own would be found first: not the one on the page."""
    first = world.execute("SELECT name FROM accounts_team ORDER BY name LIMIT 1")[0]["name"]
    world.new_prompt("shared-and-own", {"messages": [{"text": "The team's own."}]}, team=first)
    shared = world.new_prompt("shared-and-own", {"messages": [{"text": "The shared one."}]}, team=None)
    until(lambda: world.post("/v1/prompts/shared-and-own/run", json={}).status_code == 200, what="the prompt")
    async with dial(world, people["root"]) as socket:
        await run(socket, prompt=shared, variables={})
        messages = await until_record(socket)
    assert world.record(messages[-1]["call_id"])["prompt_id"] == shared
    assert "no such prompt" in await refused(world, people["dev"], prompt=shared, variables={})
