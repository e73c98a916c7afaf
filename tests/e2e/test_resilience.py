"""Two gateways with their breakers on: what is out is asked by nobody, what is full is waited for, and nothing leaves its regions."""

import concurrent.futures
from typing import Any

import pytest

from tests.client import HTTP
from tests.e2e.conftest import World
from tests.services import until

ONE, TWO, EU = "us-east-1", "us-west-2", "eu-central-1"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.fixture(scope="module")
def pair(shared_world):
    """Gateways whose breakers open for two seconds."""
    env = {
        "GATEHOUSE_BREAKER_FAILURES": "5", "GATEHOUSE_BREAKER_SECONDS": "2", "GATEHOUSE_QUEUE_SECONDS": "1",
        "GATEHOUSE_SNAPSHOT_POLL_SECONDS": "1", "GATEHOUSE_ADAPTIVE_ROUTING": "true",
    }  # fmt: skip
    return [shared_world.stack.gateway(env=env) for _ in range(2)]


@pytest.fixture
def worlds(world, pair):
    """Each gateway, with a key that both know."""
    key = world.new_key()
    found = [World(world.stack, server, key) for server in pair]
    world.knows(key, *(each.url for each in found))
    yield found
    world.heal()
    for each in found:  # until nothing is out any more
        until(
            lambda each=each: answers(each) and not is_out(each, ONE) and not is_out(each, TWO),
            what="well again",
        )


@pytest.fixture
def route(world):
    """Makes routes of Claude Haiku, by the regions of its deployments, and takes them away again."""
    made = []

    def make(name, *places, **columns):
        columns = {
            "strategy": "ordered",
            "timeout_seconds": 60,
            "wait_seconds": 0,
            "is_enabled": True,
            **columns,
        }
        marks = ", ".join(["%s"] * len(columns))
        world.execute(
            f"INSERT INTO gateway_route (name, aliases, description, created_at, {', '.join(columns)}) "
            f"VALUES (%s, '{{}}', '', now(), {marks})", name, *columns.values(),
        )  # fmt: skip
        made.append(name)
        for position, (region, profile) in enumerate(places):
            world.execute(
                "INSERT INTO gateway_routetarget (route_id, deployment_id, position, weight) SELECT r.id, d.id, %s, 1 "
                "FROM gateway_route r, gateway_deployment d JOIN gateway_model m ON m.id = d.model_id "
                "WHERE r.name = %s AND m.model_id = %s AND d.region = %s AND d.profile = %s",
                position, name, HAIKU, region, profile,
            )  # fmt: skip
        return name

    yield make
    world.execute(
        "UPDATE gateway_deployment SET requests_per_minute = NULL, tokens_per_minute = NULL; UPDATE accounts_team SET regions = '{}'"
    )
    for name in made:
        world.execute(
            "DELETE FROM gateway_routetarget USING gateway_route r WHERE r.id = route_id AND r.name = %s",
            name,
        )
        world.execute("DELETE FROM gateway_route WHERE name = %s", name)


def answers(world: World, model: str = "claude-haiku-4-5") -> bool:
    return world.chat(model=model).status_code == 200


def is_out(world: World, region: str) -> bool:
    text = HTTP.get(f"{world.url}/metrics").text
    name = f'gatehouse_deployment_open{{invoke_id="us.{HAIKU}",region="{region}"}}'
    return any(line.startswith(name) and line.endswith(" 1.0") for line in text.splitlines())


def met(world: World, region: str) -> int:
    return sum(world._requests()["by_region"].get(region, {}).values())


def events_of(world: World, region: str) -> list[tuple[str, str]]:
    """Changes of a region's deployments, and why, oldest first."""
    rows = world.execute(
        "SELECT change, reason FROM gateway_deploymentevent e JOIN gateway_deployment d ON d.id = e.deployment_id "
        "WHERE d.region = %s ORDER BY e.id", region,
    )  # fmt: skip
    return [(each["change"], each["reason"]) for each in rows]


def alerts_of(world: World) -> str:
    rows = world.execute("SELECT text FROM governance_alert WHERE kind = 'deployment'")
    return "\n".join(each["text"] for each in rows)


def test_every_metric_is_there_from_the_start(worlds):
    text = HTTP.get(f"{worlds[0].url}/metrics").text
    for name in ("open", 'changes_total{change="opened"', "attempts_total{", "limit"):
        assert f"gatehouse_deployment_{name}".partition("{")[0] in text


def test_what_one_process_sees_fail_no_other_asks(worlds):
    one, other = worlds
    one.fault(ONE, outage=True)
    for _ in range(5):
        assert answers(one)
    until(lambda: is_out(one, ONE) and is_out(other, ONE), what="the breaker open in both")
    before = met(one, ONE)
    codes = [answers(each) for _ in range(10) for each in worlds]
    assert all(codes)
    assert met(one, ONE) - before <= 2  # who tries it, each two seconds
    # They are written down behind the calls.
    until(lambda: events_of(one, ONE)[-1:] == [("opened", "failing")], what="the event")
    until(lambda: "Claude Haiku 4.5 in us-east-1 is out" in alerts_of(one), what="the alert")
    one.heal()
    until(
        lambda: answers(one) and not is_out(one, ONE) and not is_out(other, ONE),
        what="the breaker closed in both",
    )
    until(lambda: "closed" in [change for change, _ in events_of(one, ONE)], what="the event of its return")


def test_all_out_is_told_without_asking(worlds):
    one = worlds[0]
    for region in (ONE, TWO):
        one.fault(region, outage=True)
    until(lambda: (is_out(one, ONE) and is_out(one, TWO)) or answers(one), what="both out")
    before = one.count_received()
    found = [one.chat(model="claude-haiku-4-5") for _ in range(5)]
    assert {each.status_code for each in found} <= {502, 503}
    known = [each for each in found if each.status_code == 503]
    assert known
    assert one.count_received() - before <= 3 * (5 - len(known))
    assert known[0].json()["error"]["code"] == "upstream_throttled"
    assert int(known[0].headers["retry-after"]) >= 1
    assert known[0].headers["x-amz-retry-after"] == f"{known[0].headers['retry-after']}000"
    record = one.record(known[0].headers["x-gatehouse-call-id"])
    assert (record["attempts"], record["cost_nanos"], record["http_status"]) == (0, 0, 503)


def test_a_throttled_call_waits_as_long_as_it_is_told(worlds, route):
    one = worlds[0]
    name = route("patient", (ONE, "us"))
    until(lambda: answers(one, name), what="the route")
    error = {"type": "ThrottlingException", "message": "Too many requests.", "times": 1}
    one.fault(ONE, error=error, retry_after_ms=400)
    answer = one.chat(model=name)
    assert answer.status_code == 200
    record = one.record(answer.headers["x-gatehouse-call-id"])
    assert record["attempts"] == 2
    assert "upstream_throttled" in answer.headers["x-gatehouse-decision"]
    assert record["checks"]["routing"]["events"]


def test_nobody_waits_for_what_comes_after_the_deadline(worlds, route):
    one = worlds[0]
    name = route("hasty", (ONE, "us"))
    until(lambda: answers(one, name), what="the route")
    error = {"type": "ThrottlingException", "message": "Too many requests.", "times": 1}
    one.fault(ONE, error=error, retry_after_ms=400_000)
    answer = one.chat(model=name)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "400")
    assert one.record(answer.headers["x-gatehouse-call-id"])["attempts"] == 1


def test_attempts_of_a_route_are_kept_to(worlds, route):
    one = worlds[0]
    route("other", (EU, "eu"))
    once, chained = (
        route(name, (ONE, "us"), (TWO, "us"), attempts=1, fallbacks=chain)
        for name, chain in (("once", []), ("once-chained", ["other"]))
    )
    until(lambda: answers(one, chained), what="the routes")
    fault = {"type": "InternalServerException", "message": "It failed."}
    for region in (ONE, TWO):
        one.fault(region, error=fault)
    refused, answered = one.chat(model=once), one.chat(model=chained)
    assert (refused.status_code, answered.status_code) == (502, 200)
    records = [one.record(each.headers["x-gatehouse-call-id"]) for each in (refused, answered)]
    assert [each["attempts"] for each in records] == [1, 2]
    assert records[1]["region"] == EU


def limit(worlds: Any, quota: str, number: int) -> None:
    """A quota of the first region's deployment, as gateways know it and the simulator holds to it."""
    one = worlds[0]
    one.execute(
        f"UPDATE gateway_deployment d SET {quota} = %s FROM gateway_model m WHERE m.id = d.model_id "
        "AND m.model_id = %s AND d.region = %s AND d.profile = 'us'", number, HAIKU, ONE,
    )  # fmt: skip
    one.knows(one.new_key(), *(each.url for each in worlds))
    one.fault(ONE, **{quota: number})


def throttled(world: Any) -> int:
    """How many calls the simulator has throttled in the first region."""
    return int(world._requests()["errors"].get(ONE, {}).get("ThrottlingException", 0))


def test_a_quota_is_waited_for_and_never_passed(worlds, route):
    one = worlds[0]
    name = route("quota", (ONE, "us"))
    limit(worlds, "requests_per_minute", 10)
    before = throttled(one)
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: worlds[number % 2].chat(model=name), range(24)))
    codes = [each.status_code for each in found]
    assert 8 <= codes.count(200) <= 10
    assert set(codes) == {200, 503}
    assert throttled(one) == before


def test_a_quota_of_tokens_is_never_passed(worlds, route):
    """Of which each call takes what it may write while it is under way, and five for each that it wrote when it has ended."""
    one = worlds[0]
    name = route("tokens", (ONE, "us"))
    limit(worlds, "tokens_per_minute", 3000)
    before = throttled(one)
    asked = {
        "model": name,
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "[simulate: tokens=40] Hello"}],
    }
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: worlds[number % 2].post(json=asked).status_code, range(24)))
    assert 6 <= found.count(200) <= 14
    assert set(found) == {200, 503}
    assert throttled(one) == before


def test_another_model_answers_when_a_route_can_not(worlds, route):
    one = worlds[0]
    route("reserve", (EU, "eu"))
    name = route("chained", (ONE, "us"), (TWO, "us"), fallbacks=["reserve"])
    until(lambda: answers(one, name), what="the route")
    for region in (ONE, TWO):
        one.fault(region, outage=True)
    answer = one.chat(model=name)
    assert answer.status_code == 200
    assert answer.headers["x-gatehouse-region"] == EU
    assert "chained falls back to reserve" in answer.headers["x-gatehouse-decision"]
    assert one.record(answer.headers["x-gatehouse-call-id"])["region"] == EU


def test_a_dear_fall_back_refuses_nothing_that_the_route_can_answer(worlds, route):
    """Of two thousand tokens each: Sonnet may come to $0.030, Haiku to $0.011."""
    one = worlds[0]
    name = route("thrifty", (ONE, "us"), fallbacks=["claude-sonnet-4-5"])
    key = one.new_key(team="Thrifty")
    one.set_budget(team="Thrifty", limit_nanos=15_000_000)
    one.knows(key, one.url)
    body = {"model": name, "max_tokens": 2000, "messages": [{"role": "user", "content": "Hello"}]}
    until(lambda: one.post(key=key, json=body).status_code != 404, what="the route")
    answer = one.post(key=key, json=body)
    assert answer.status_code == 200, answer.text
    assert "the budget leaves out what is dearer" in answer.headers["x-gatehouse-decision"]
    short = one.post(key=key, json={**body, "max_tokens": 8000})
    assert (short.status_code, short.json()["error"]["code"]) == (402, "budget_exceeded")


def test_a_fall_back_never_leaves_the_regions_of_a_team(worlds, route):
    one = worlds[0]
    route("outside", (EU, "eu"))
    name = route("pinned", (ONE, "us"), fallbacks=["outside"])
    team = "Pinned"
    key = one.new_key(team=team)
    one.execute("UPDATE accounts_team SET regions = '{us}' WHERE name = %s", team)
    one.knows(one.new_key(), *(each.url for each in worlds))
    assert (
        one.post(
            key=key, json={"model": name, "messages": [{"role": "user", "content": "Hello"}]}
        ).status_code
        == 200
    )
    one.fault(ONE, outage=True)
    answer = one.post(key=key, json={"model": name, "messages": [{"role": "user", "content": "Hello"}]})
    assert answer.status_code in (502, 503)
    refused = one.post(key=key, json={"model": "outside", "messages": [{"role": "user", "content": "Hello"}]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_suitable_model")
    assert "pinned to (us)" in refused.json()["error"]["message"]


def test_every_answer_says_why_it_came_from_there(worlds):
    def to_the_first():
        """Its share comes back step by step after what the tests before did to it."""
        found = worlds[0].chat(model="claude-haiku-4-5")
        return found if f"in {ONE}: first of 2 in order" in found.headers["x-gatehouse-decision"] else None

    answer = until(to_the_first, seconds=60, what="a call that nothing was in the way of")
    said = answer.headers["x-gatehouse-decision"]
    assert said.isascii()
    assert len(said) < 1000
    assert said.startswith(f"Claude Haiku 4.5 as us.{HAIKU} in {ONE}: first of 2 in order")
    routing = worlds[0].record(answer.headers["x-gatehouse-call-id"])["checks"]["routing"]
    assert (routing["provider"], routing["confidence"]) == ("bedrock", 1.0)
    assert [each["region"] for each in routing["candidates"]] == [ONE, TWO]
