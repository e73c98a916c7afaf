"""What the cache saved and how routes stand, of the teams that somebody sees: by selectors and by the API."""

from datetime import date, timedelta

import pytest

from gateway.cache import passages
from gateway.cache.models import CacheEvidence, CacheUse
from gateway.cache.policy import bound
from gateway.cache.policy import standing as standings
from gateway.cache.policy.bound import Evidence
from gateway.cache.policy.standing import standing
from gateway.cache.selectors.answers import answer_text
from gateway.cache.selectors.savings import savings
from gateway.cache.selectors.stock import stock
from gateway.catalogue.cache_rules import CacheRuleEntry
from gateway.catalogue.models import CacheRule
from gateway.events import ReasoningDelta, ToolDelta, ToolStart, Vector
from kernel.clock import utc_now
from prompts.knowledge.policy.knowledge import Passage, Retrieved
from tests.accounts.api_resources import API
from tests.gateway.cache.factories import make_entry, make_use

pytestmark = [pytest.mark.django_db]
DAY = date(2026, 11, 29)
DOLLAR = 10**9


@pytest.fixture
def uses(world) -> None:
    mine = world.mine.team
    for day, outcome, number, saved, route in (
        (DAY, "exact", 30, 3 * DOLLAR, "one"), (DAY, "slot", 10, DOLLAR, "one"), (DAY, "miss", 55, 0, "one"),
        (DAY, "shadow", 5, 0, "one"), (DAY, "bypass", 7, 0, "one"), (DAY, "retrieval", 40, 1000, "two"),
        (DAY - timedelta(days=30), "semantic", 1, DOLLAR, "two"),
    ):  # fmt: skip
        make_use(
            mine,
            outcome,
            day=day,
            number=number,
            saved_nanos=saved,
            route=route,
            prompt="triage" if route == "two" else "",
        )
    make_use(world.other.team, "exact", day=DAY, number=9, saved_nanos=9 * DOLLAR)


def test_sums_by_group(world, uses):
    who, since, until = world.people["viewer"], DAY - timedelta(days=60), DAY + timedelta(days=1)
    sums = savings(who, since=since, until=until)[()]
    assert (sums.lookups, sums.answered, sums.bypasses, sums.shadows) == (101, 41, 7, 5)
    assert sums.hit_rate == pytest.approx(41 / 101)
    assert sums.saved == 5 * DOLLAR + 1000
    by_day = savings(who, since=since, until=until, group_by=("month", "route"))
    assert list(by_day) == [
        (date(2026, 10, 1), "two"),
        (date(2026, 11, 1), "one"),
        (date(2026, 11, 1), "two"),
    ]
    assert by_day[date(2026, 11, 1), "two"].lookups == 0
    assert set(savings(who, since=DAY, until=until, group_by=("prompt",))) == {("",), ("triage",)}
    teams = savings(world.superuser, since=DAY, until=until, group_by=("team",))
    assert {key: each.saved for key, each in teams.items()} == {
        (world.mine.team.pk,): 4 * DOLLAR + 1000,
        (world.other.team.pk,): 9 * DOLLAR,
    }
    assert savings(world.people["nobody"], since=since, until=until) == {}


def test_the_api_gives_the_same(world, uses):
    url = f"{API}/cache-usage/?since=2026-11-01&until=2026-11-30&group_by=day,team"
    answer = world.client("viewer").get(url).json()
    assert answer["rows"] == [
        {
            "day": "2026-11-29", "team": world.mine.team.pk, "lookups": 100, "answered": 40, "hit_rate": 0.4, "misses": 55, "shadows": 5,
            "bypasses": 7, "hits": {"exact": 30, "slot": 10, "retrieval": 40}, "saved_usd": "4.000001",
            "saved_usd_by_kind": {"exact": "3", "slot": "1", "retrieval": "0.000001"},
        }
    ]  # fmt: skip
    assert answer["total"]["lookups"] == 100
    both = world.client("superuser").get(f"{url}&team={world.other.team.pk}").json()
    assert [row["answered"] for row in both["rows"]] == [9]
    assert world.client("owner").get(f"{url}&team={world.other.team.pk}").json()["rows"] == []
    refused = world.client("owner").get(f"{API}/cache-usage/?group_by=person")
    assert (refused.status_code, "unknown group" in refused.content.decode()) == (400, True)
    CacheUse.objects.update(day=utc_now().date())
    assert world.client("owner").get(f"{API}/cache-usage/").json()["total"]["answered"] == 41


def rule(mode: str) -> CacheRuleEntry:
    return CacheRuleEntry(id=1, name="x", semantic=mode)


@pytest.mark.parametrize(
    ("mode", "own", "serves", "words"),
    [
        ("serve", Evidence(2000, 1), True, "Serves similar questions: surely at most 0.28 % of answers are wrong, and 1 % may be."),
        ("serve", Evidence(100, 4), False, "Serves exact answers only: up to 9.9 % of answers to similar questions may be wrong"),
        ("shadow", Evidence(2000, 1), False, "In shadow: similar questions would be served"),
        ("shadow", Evidence(0, 0), False, "In shadow: similar questions would not be served: up to 100 %"),
        ("off", Evidence(2000, 0), False, "similar questions are switched off"),
    ],
)  # fmt: skip
def test_how_a_route_stands_in_words(monkeypatch, mode, own, serves, words):
    for module in (bound, standings):  # without the study, whose counts change with it
        monkeypatch.setattr(module, "PRIOR", Evidence(0, 0))
    found = standing(rule(mode), own)
    assert found.serves is serves
    assert words in found.text


def test_without_a_rule_nothing_is_served():
    assert standing(None, Evidence(5000, 0)).serves is False
    assert standing(None, Evidence(5000, 0)).bound is None


def test_evidence_of_one_s_own_routes(world):
    CacheRule.objects.update(is_enabled=True)
    mine, prompt = world.mine.team, world.mine.team.prompts.first()
    CacheRule.objects.filter(team=mine).update(semantic="off")
    CacheEvidence.objects.create(team=mine, route="one", prompt_id=prompt.pk, judged=50, wrong=1, unsure=3)
    CacheEvidence.objects.create(team=world.other.team, route="one", judged=70)
    (found,) = world.client("viewer").get(f"{API}/cache-usage/evidence/").json()
    assert (found["prompt"], found["judged"], found["wrong"], found["unsure"]) == (prompt.pk, 50, 1, 3)
    assert found["low"] <= 1 / 50 <= found["high"] or found["high"] < 1 / 50
    assert "switched off" in found["text"]
    rows = world.client("superuser").get(f"{API}/cache-usage/evidence/").json()
    assert [row["judged"] for row in rows] == [70, 50]


def test_how_much_is_kept(world):
    make_entry(world.mine.team, "x" * 1000)
    (found,) = stock(world.people["viewer"])
    assert (found.team, found.number) == ("Mine", 2)
    assert found.bytes > 1000
    assert {each.team for each in stock(world.superuser)} == {"Mine", "Other"}


def test_words_of_an_answer(world):
    team = world.mine.team
    assert answer_text(make_entry(team, "Five <PERSON_3f2a9c>.")) == "Five <PERSON_3f2a9c>."
    tool = [
        ReasoningDelta(0, "Hm."),
        ToolStart(1, "t1", "weather"),
        ToolDelta(1, '{"city": "Graz"}'),
        Vector(2, [0.5] * 256, 3),
    ]
    assert answer_text(make_entry(team, events=tool)) == '\nweather {"city": "Graz"}A vector of 256 numbers. '
    passage = Passage(
        chunk_id=1, base_id=2, document_id=3, document="prices.md", version=1, headings="", text="Ten dollars.", tokens=3,
        similarity=0.9, score=1.0,
    )  # fmt: skip
    found = Retrieved((passage,), 0.9)
    entry = make_entry(team, kind="retrieval")
    entry.answer = passages.encode(found)
    assert answer_text(entry) == "prices.md: Ten dollars."
    entry.answer = b"\xc1\xff"
    assert answer_text(entry) == ""


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=2026-11-30&until=2026-11-29", "'until' must be later"),
        ("since=2026-11-30&until=2026-11-30", "'until' must be later"),
        ("since=2020-01-01&until=2026-11-29", "at most 800 days"),
        ("since=9000-01-01", "'until' must be later"),
        ("until=0001-01-01", "'until' must be later"),
    ],
)
def test_a_range_that_can_t_be_is_refused(world, query, says):
    answer = world.client("viewer").get(f"{API}/cache-usage/?{query}")
    assert answer.status_code == 400
    assert says in answer.content.decode()


def test_the_first_days_of_all(world):
    assert world.client("viewer").get(f"{API}/cache-usage/?until=0001-01-09").status_code == 200
