"""The home page: figures of one's own teams."""

from datetime import timedelta
from random import Random

import pytest

from gateway.demo.calls import call_id_at
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from tests.governance.limits.factories import DOLLAR
from tests.governance.records.factories import make_call

pytestmark = pytest.mark.django_db
HOME = "/admin/"


def figures(answer) -> dict[str, str]:
    return {card.title: card.value for card in answer.context["cards"]}


def test_figures_are_of_one_s_own_teams(world):
    AuditRecord.objects.all().delete()
    for _ in range(3):
        make_call(world.mine.team, world.mine.application, cost_nanos=2 * DOLLAR, duration_ms=100)
    make_call(world.mine.team, world.mine.application, status="failed", cost_nanos=0, duration_ms=9000)
    make_call(world.other.team, world.other.application, cost_nanos=7 * DOLLAR)
    make_call(None, None, status="refused", cost_nanos=0)
    mine = world.client("viewer").get(HOME)
    assert figures(mine) == {
        "Spent today": "$6.00", "Spent this month": "$6.00", "Calls today": "4", "Errors today": "1",
        "p95 latency": "100 ms",
    }  # fmt: skip
    assert "Other" not in mine.content.decode()
    all_of_it = world.client("superuser").get(HOME)
    assert figures(all_of_it)["Spent today"] == "$13.00"
    assert figures(all_of_it)["Calls today"] == "6"
    assert [name for _, name, _ in all_of_it.context["chart"].legend] == ["Other", "Mine"]


def test_older_calls_are_in_the_chart_and_not_in_today(world):
    AuditRecord.objects.all().delete()
    for days, cost in ((5, 1), (29, 2), (70, 4)):
        moment = utc_now() - timedelta(days=days)
        make_call(
            world.mine.team, None, call_id=call_id_at(moment, Random(days)), started_at=moment,
            cost_nanos=cost * DOLLAR,
        )  # fmt: skip
    answer = world.client("viewer").get(HOME)
    assert figures(answer)["Spent today"] == "$0.00"
    assert answer.context["chart"].legend == [(0, "Mine", "$3.00")]


def test_the_home_page_takes_few_queries(world, django_assert_max_num_queries):
    client = world.client("viewer")
    with django_assert_max_num_queries(16):
        assert client.get(HOME).status_code == 200


def test_who_is_in_no_team_is_told_so(world):
    assert "in no team yet" in world.client("nobody").get(HOME).content.decode()
