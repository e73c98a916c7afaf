"""Coding agents behind one key: told apart, each with a budget, stopped where they go round in circles."""

import asyncio
import json
from uuid import uuid4

import httpx
import pytest

from accounts.models import Team
from governance.limits.models import BudgetWindow
from tests.e2e.conftest import MODEL

DOLLAR = 10**9
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
SESSION = "X-Claude-Code-Session-Id"


def team_key(world, name, **fields):
    """A key of a team with these settings, which the gateway knows."""
    world.new_key(team=name)
    world.stack.make(lambda: Team.objects.filter(name=name).update(**fields))
    key = world.new_key(team=name)
    world.knows(key)
    return key


def messages(world, key, *, headers=None, **members):
    body = {
        "model": MODEL,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": f"Hello {uuid4()}"}],
    } | members
    return world.post("/v1/messages", key=key, headers=headers or {}, json=body)


def recorded(world, answer):
    record = world.record(answer.headers["x-gatehouse-call-id"])
    return record["end_user"], record["session"]


@pytest.mark.quick
def test_developers_on_a_shared_key_are_told_apart(world):
    key = team_key(world, "Shared", end_user_from=["user_id", "user"])
    device, session = "a" * 64, str(uuid4())
    told = json.dumps({"device_id": device, "account_uuid": "", "session_id": session})
    answer = messages(world, key, metadata={"user_id": told})
    assert recorded(world, answer) == (device, session)
    old = f"user_{device}_account__session_{session}"
    assert recorded(world, messages(world, key, metadata={"user_id": old})) == (device, session)
    by_header = messages(
        world, key, headers={SESSION: "s-1", "X-Gatehouse-End-User": "dev-17"}, metadata={"user_id": told}
    )
    assert recorded(world, by_header) == ("dev-17", "s-1")
    chat = world.post(
        key=key, json={"model": MODEL, "user": "dev-18", "messages": [{"role": "user", "content": "Hi"}]}
    )
    assert recorded(world, chat) == ("dev-18", "")


@pytest.mark.quick
def test_whom_a_tag_names_is_never_kept_as_typed(world):
    key = team_key(world, "Named", end_user_from=["user"])
    headers = {
        "X-Gatehouse-End-User": "jane.doe@example.com",
        "X-Gatehouse-Feature": "for jane.doe@example.com",
    }
    answer = messages(world, key, headers=headers)
    end_user, _ = recorded(world, answer)
    assert end_user.startswith("<EMAIL_ADDRESS_")
    chat = world.post(
        key=key,
        json={
            "model": MODEL,
            "user": "Jane.Doe@example.com",
            "messages": [{"role": "user", "content": "Hi"}],
        },
    )
    assert recorded(world, chat)[0] == end_user
    everything = json.dumps(world.record(answer.headers["x-gatehouse-call-id"]), default=str)
    assert "jane.doe" not in everything


NAMES = ("jane.doe@example.com", "Jane Doe", "Zo\u00eb M\u00fcller")


@pytest.mark.quick
@pytest.mark.parametrize("name", NAMES)
def test_no_header_s_name_is_in_a_record_in_whatever_bytes_it_came(world, name):
    key = team_key(world, "Named", end_user_from=["user"])
    values = {name.encode(), name.encode("latin-1")}
    kept = set()
    for value in values:
        headers = {"X-Gatehouse-End-User": value, "X-Gatehouse-Session": value}
        headers |= {"X-Request-ID": value} if "@" in name else {}
        answer = messages(world, key, headers=headers)
        record = world.record(answer.headers["x-gatehouse-call-id"])
        assert answer.headers["x-request-id"] == record["request_id"] != name
        kept.add((record["end_user"], record["session"]))
        assert not {name, "Jane", "ller", "jane.doe"} & set(
            json.dumps(record, default=str, ensure_ascii=False).split('"')
        )
    assert len(kept) == 1
    assert all(part.startswith("<") for each in kept for part in each)


@pytest.mark.quick
def test_feedback_and_budgets_know_a_person_by_the_same_placeholder(world):
    key = team_key(world, "Felt", end_user_from=["user"])
    mail = {"X-Gatehouse-End-User": "jane.doe@example.com"}
    answer = messages(world, key, headers=mail)
    call_id = answer.headers["x-gatehouse-call-id"]
    end_user, _ = recorded(world, answer)
    told = world.post("/v1/feedback", key=key, headers=mail, json={"call_id": call_id, "helpful": True})
    assert told.json()["end_user"] == end_user


def loop(world, key, session, *, repeats):
    """What an agent is answered that asks for the same tool again and again."""
    tool = {"name": "run", "input_schema": {"type": "object", "properties": {}}}
    history = [{"role": "user", "content": "Do it."}]
    answers = []
    for number in range(repeats):
        answers.append(messages(world, key, headers={SESSION: session}, tools=[tool], messages=history))
        if answers[-1].status_code != 200:
            break
        use = {"type": "tool_use", "id": f"t{number}", "name": "run", "input": {"path": "a"}}
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{number}",
            "content": "No such file.",
            "is_error": True,
        }
        history += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return answers


@pytest.mark.quick
def test_a_loop_is_warned_of_and_then_refused(world):
    key = team_key(world, "Stops", loop_action="stop", loop_repeats=3)
    answers = loop(world, key, "s-loop", repeats=9)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[2].headers["x-gatehouse-loop"] == "repeats=2"
    error = answers[3].json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "loop_detected")
    assert answers[3].headers["x-should-retry"] == "false"
    assert "goes round in circles" in error["message"]


@pytest.mark.quick
def test_a_loop_is_only_warned_of_or_let_be_where_that_is_chosen(world):
    warned = loop(world, team_key(world, "Warns", loop_action="warn", loop_repeats=2), "s", repeats=5)
    assert [answer.status_code for answer in warned] == [200] * 5
    assert warned[-1].headers["x-gatehouse-loop"] == "repeats=4"
    let_be = loop(world, team_key(world, "Off", loop_action="off"), "s", repeats=5)
    assert all("x-gatehouse-loop" not in answer.headers for answer in let_be)


@pytest.mark.quick
def test_the_same_request_again_and_again_in_a_session_is_a_loop(world):
    key = team_key(world, "Same", loop_action="stop", loop_repeats=3)
    same = {"messages": [{"role": "user", "content": "The very same."}]}
    codes = [messages(world, key, headers={SESSION: "s-1"}, **same).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    assert messages(world, key, headers={SESSION: "s-2"}, **same).status_code == 200


@pytest.mark.quick
def test_what_was_not_answered_may_be_sent_again(world):
    key = team_key(world, "Retries", loop_action="stop", loop_repeats=2)
    same = {"messages": [{"role": "user", "content": "The very same."}]}
    for region in ("us-east-1", "us-west-2", "us-east-2"):
        world.fault(region, throttle_rate=1.0)
    refused = [messages(world, key, headers={SESSION: "s-1"}, **same).json() for _ in range(4)]
    assert {each["error"]["code"] for each in refused} == {"upstream_throttled"}
    world.heal()
    assert messages(world, key, headers={SESSION: "s-1"}, **same).status_code == 200


@pytest.mark.quick
def test_tokens_without_anything_new_are_a_loop(world):
    key = team_key(world, "Idle", loop_action="stop", loop_repeats=50, loop_tokens=200)
    world.say({"text": "Still thinking about it.", "times": None})
    codes = [messages(world, key, headers={SESSION: "s-1"}).status_code for _ in range(20)]
    assert codes[0] == 200
    assert codes[-1] == 429


@pytest.mark.quick
def test_each_session_has_a_budget_of_its_own_and_loops_cost_no_more(world):
    team = "Sessions"
    world.new_key(team=team)
    budget = world.set_budget(team=team, limit_nanos=DOLLAR // 100, per="session", period="total")
    key = team_key(world, team, loop_action="stop", loop_repeats=3)

    async def agent(client, number):
        """One session: half of them ask for the same thing again and again."""
        codes = []
        for step in range(8):
            content = "The same." if number % 2 else f"Step {step} [simulate: tokens=200]"
            answer = await client.post(
                f"{world.url}/v1/messages",
                headers={"authorization": f"Bearer {key}", SESSION: f"session-{number}"},
                json={"model": MODEL, "max_tokens": 400, "messages": [{"role": "user", "content": content}]},
            )
            codes.append(answer.status_code)
        return codes

    async def all_of_them():
        async with httpx.AsyncClient(timeout=60) as client:
            return await asyncio.gather(*(agent(client, number) for number in range(24)))

    found = asyncio.run(all_of_them())
    assert all(codes[:2] == [200, 200] and codes[2:] == [429] * 6 for codes in found[1::2])
    assert all(set(codes) <= {200, 402} and codes[-1] == 402 for codes in found[0::2])
    windows = world.stack.make(
        lambda: list(
            BudgetWindow.objects.filter(budget_id=budget).values_list(
                "subject", "spent_nanos", "reserved_nanos"
            )
        )
    )
    assert {subject for subject, _, _ in windows} >= {f"session-{number}" for number in range(24)}
    assert all(spent <= DOLLAR // 100 and reserved == 0 for _, spent, reserved in windows)


def over_budget(world, team, **fields):
    """A key of a team whose budget is nearly spent."""
    world.new_key(team=team)
    budget = world.set_budget(team=team, limit_nanos=DOLLAR // 10_000, **fields)
    return team_key(world, team), budget


@pytest.mark.quick
def test_a_cheaper_model_answers_where_the_owner_named_one(world):
    key, _ = over_budget(world, "Cheaper", when_exceeded="cheaper", cheaper_model="nova-micro")
    answer = messages(world, key)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-gatehouse-model"] == "amazon.nova-micro-v1:0"
    assert "model; cheaper=nova-micro" in answer.headers["x-gatehouse-adjusted"]


@pytest.mark.quick
def test_budgets_that_name_each_other_s_routes_end_in_a_refusal(world):
    team = "Circles"
    world.new_key(team=team)
    for other, period in (("claude-haiku-4-5", "day"), ("nova-micro", "month")):
        world.set_budget(
            team=team, limit_nanos=1, when_exceeded="cheaper", cheaper_model=other, period=period
        )
    answer = messages(world, team_key(world, team))
    assert answer.status_code == 402, answer.text


@pytest.mark.quick
@pytest.mark.parametrize("why", ["not allowed", "no images"])
def test_a_cheaper_route_that_can_t_be_taken_leaves_the_budget_s_refusal(world, why):
    team = f"Cheaper {why}"
    world.new_key(team=team)
    world.set_budget(
        team=team, limit_nanos=DOLLAR // 10_000, when_exceeded="cheaper", cheaper_model="nova-micro"
    )
    key = team_key(world, team)
    if why == "not allowed":
        key = world.new_key(team=team, allowed_models=[MODEL])
        world.knows(key)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    content = [image] if why == "no images" else "Hello"
    answer = messages(world, key, messages=[{"role": "user", "content": content}])
    assert answer.status_code == 402, answer.text


@pytest.mark.quick
def test_more_is_asked_for_by_one_link(world):
    key, budget = over_budget(world, "Asks", when_exceeded="ask")
    answer = messages(world, key)
    assert answer.status_code == 402
    assert f"/admin/governance/limitrequest/add/?budget={budget}" in answer.json()["error"]["message"]


@pytest.mark.quick
def test_a_call_waits_for_what_others_give_back(world):
    team = "Waits"
    world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=DOLLAR // 100, when_exceeded="wait", wait_seconds=20)
    key = team_key(world, team)

    async def both():
        async with httpx.AsyncClient(timeout=60, headers={"authorization": f"Bearer {key}"}) as client:
            body = {
                "model": MODEL,
                "max_tokens": 400,
                "messages": [{"role": "user", "content": "[simulate: tokens=10] Hi"}],
            }
            return await asyncio.gather(
                *(client.post(f"{world.url}/v1/messages", json=body) for _ in range(6))
            )

    assert {answer.status_code for answer in asyncio.run(both())} == {200}
