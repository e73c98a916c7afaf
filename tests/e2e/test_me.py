"""What the holder of a key may know by itself: /v1/me and /v1/me/usage."""

from uuid import uuid4

import pytest

from tests.client import HTTP
from tests.e2e.conftest import MODEL

DOLLAR = 10**9


def get(world, path, key, **headers):
    return HTTP.get(world.url + path, headers={"authorization": f"Bearer {key}", **headers}, timeout=30)


@pytest.fixture
def key(world):
    team = f"Own {uuid4()}"
    world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=5 * DOLLAR, name="Ours", period="day")
    world.set_budget(team=team, limit_nanos=DOLLAR, name="Each one's", per="end_user", period="total")
    world.set_budget(team=None, limit_nanos=500 * DOLLAR, name="All of us", feature=team)
    found = world.new_key(team=team, allowed_models=[MODEL])
    world.knows(found)
    return found


@pytest.mark.quick
def test_a_key_knows_its_team_models_and_limits(world, key):
    answer = get(world, "/v1/me", key, **{"X-Gatehouse-End-User": "dev-17"})
    assert answer.status_code == 200, answer.text
    me = answer.json()
    assert (me["application"]["name"], me["models"]) == ("Tests", [MODEL])
    assert me["end_user"] == "dev-17"
    budgets = {budget["name"]: budget for budget in me["budgets"]}
    assert (budgets["Ours"]["limit_usd"], budgets["Ours"]["left_usd"]) == ("5", "5")
    assert budgets["Ours"]["resets_at"]
    assert (budgets["Each one's"]["for_each"], budgets["Each one's"]["resets_at"]) == ("end_user", None)
    assert "spent_usd" not in budgets["All of us"]  # which others spend, too


@pytest.mark.quick
def test_a_key_knows_what_it_used_and_of_no_other(world, key):
    other = world.new_key(team=get(world, "/v1/me", key).json()["team"]["name"])
    world.knows(other)
    for each, times in ((key, 2), (other, 3)):
        for _ in range(times):
            body = {"model": MODEL, "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]}
            assert world.post(key=each, json=body).status_code == 200
    usage = get(world, "/v1/me/usage", key).json()
    assert usage["total"]["calls"] == 2
    (row,) = usage["data"]
    assert (row["model"], row["calls"]) == (MODEL, 2)
    assert row["cost_usd"] == usage["total"]["cost_usd"]
    assert get(world, "/v1/me/usage?days=1", other).json()["total"]["calls"] == 3


@pytest.mark.quick
@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1e1", "", "99999999999999999999"])
def test_days_are_a_number(world, key, days):
    answer = get(world, f"/v1/me/usage?days={days}", key)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "days")


@pytest.mark.quick
@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/usage"])
def test_nobody_else_is_told_anything(world, path):
    assert get(world, path, "gh_nobody_nothing").status_code == 401
    assert HTTP.post(world.url + path, headers={"authorization": f"Bearer {world.key}"}).status_code == 405
