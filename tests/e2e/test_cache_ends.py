"""What ends kept answers and what is known of them, and what is counted of both, as it holds in a running gateway."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from accounts.models import Team
from gateway.cache.models import CacheEntry, CacheEvidence, CachePair, CachePurge, CacheUse
from gateway.cache.services.clearing import clear
from gateway.cache.services.purging import end_entry
from gateway.catalogue.models import CacheRule
from tests.accounts.factories import make_person
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.e2e.test_cache import HAIKU, ask, said, slow, word
from tests.services import until

pytestmark = [pytest.mark.slow]

NUMBERS = count(1)
SHOES = "How many days do I have to return a pair of shoes?"
ALIKE = "Please tell me how many days I have to return a pair of shoes."


@pytest.fixture
def team(world: World) -> str:
    return f"Cache ends {next(NUMBERS)}"


@pytest.fixture
def cached(world: World, team: str) -> Iterator[Callable[..., str]]:
    """Sets the rule of the test's own team; a key of it that a gateway knows with the rule."""

    def make(**fields: Any) -> str:
        world.new_key(team=team)
        values = {"semantic": "off", "semantic_ms": 5000, "min_similarity": 0.85} | fields

        def rule() -> None:
            CacheRule.objects.update_or_create(name=team, team=Team.objects.get(name=team), defaults=values)

        world.stack.make(rule)
        key = world.new_key(team=team)
        world.knows(key)
        return key

    yield make
    world.stack.make(lambda: CacheRule.objects.filter(name=team).delete())


def rows(world: World, model: Any, team: str, *names: str) -> list[Any]:
    return world.stack.make(lambda: list(model.objects.filter(team__name=team).order_by("pk").values_list(*names)))  # type: ignore[no-any-return]  # fmt: skip


def end(world: World, team: str, end_user: str = "") -> None:
    """A purge by the name that is kept: only a process of the stack can tell it from what clients send."""

    def purged() -> None:
        clear(CachePurge.objects.create(team=Team.objects.get(name=team), end_user=end_user), may_go_on=lambda: True)  # fmt: skip

    world.stack.make(purged)


def test_a_pair_goes_with_either_of_those_who_asked(world, cached, team):
    key = cached(semantic="shadow")
    ask(world, key, SHOES, user="ann")
    assert word(ask(world, key, ALIKE, user="bea")) == "shadow"
    until(lambda: rows(world, CachePair, team, "pk"), what="the pair")
    (ann,), (bea,) = rows(world, CacheEntry, team, "end_user")
    assert rows(world, CachePair, team, "end_users") == [([bea, ann],)]
    end(world, team, ann)
    assert not rows(world, CachePair, team, "pk")
    assert rows(world, CacheEvidence, team, "judged", "unsure") != [(0, 0)]


@pytest.mark.parametrize(("whom", "is_kept"), [("ann", False), ("bea", False), ("", False), ("eve", True)])
def test_a_pair_that_is_on_its_way_while_its_people_are_purged_leaves_counts_alone(world, cached, team, whom, is_kept):  # fmt: skip
    key = cached(semantic="shadow")
    world.say("Thirty days.", "There.", "Fourteen days.")
    first, other = (
        ask(world, key, text, user=user) for text, user in ((SHOES, "ann"), ("Where is it?", "bea"))
    )
    ann, bea = (world.record(each.headers["x-gatehouse-call-id"])["end_user"] for each in (first, other))
    known = {"ann": ann, "bea": bea, "": "", "eve": "eve"}
    with slow(world, 1000), ThreadPoolExecutor(1) as pool:
        late = pool.submit(ask, world, key, ALIKE, user="bea")
        until(lambda: world.execute("SELECT 1 AS n FROM governance_hold"), what="the call under way")
        end(world, team, known[whom])
        assert word(late.result()) == "shadow"
    until(lambda: rows(world, CacheEvidence, team, "judged"), what="the count")
    assert rows(world, CacheEvidence, team, "judged", "wrong") == [(1, 1)]
    assert bool(rows(world, CachePair, team, "pk")) == is_kept


@pytest.mark.parametrize("how", ["no-cache", "end"])
def test_a_question_that_was_answered_wrongly_is_not_taken_for_the_other_again(world, cached, team, how):
    key = cached(semantic="serve", check_share=1)
    world.say("Thirty days.", "Fourteen days.", "Thirty days, at most.")
    ask(world, key, SHOES)
    assert word(ask(world, key, ALIKE)) == "hit"
    until(lambda: rows(world, CachePair, team, "outcome"), what="the check")
    until(lambda: rows(world, CacheUse, team, "outcome"), what="the uses")
    assert {outcome for (outcome,) in rows(world, CacheUse, team, "outcome")} == {"miss", "semantic"}
    assert rows(world, CacheEntry, team, "is_barred") == [(True,)]
    if how == "end":
        world.stack.make(lambda: end_entry(CacheEntry.objects.get(team__name=team), by=make_person(team)))  # fmt: skip
    assert word(ask(world, key, SHOES, cache="no-cache")) == "miss"
    assert rows(world, CacheEntry, team, "is_barred") == [(True,)]
    assert word(ask(world, key, ALIKE)) == "miss"
    assert word(ask(world, key, SHOES)) == "hit"


def test_what_an_answer_served_is_its_own(world, cached, team):
    key = cached()
    for _ in range(3):
        ask(world, key)
    until(lambda: rows(world, CacheEntry, team, "hits") == [(2,)], what="the hits")
    ask(world, key, cache="no-cache")
    assert rows(world, CacheEntry, team, "hits", "last_hit_at") == [(0, None)]


def test_a_rule_says_how_old_an_answer_may_be_that_was_kept_under_another(world, cached, team):
    key = cached(semantic="serve", check_share=0, stale_seconds=600)
    world.say("One.", "Old.", "New.")
    ask(world, key, SHOES)
    ask(world, key, slot="a")
    world.execute(
        "UPDATE gateway_cacheentry SET created_at = now() - interval '100 seconds' WHERE team_id = (SELECT id FROM accounts_team WHERE name = %s)",
        team,
    )
    assert [word(ask(world, key, text)) for text in (SHOES, ALIKE)] == ["hit", "hit"]
    key = cached(semantic="serve", check_share=0, seconds=60, slot_seconds=60, stale_seconds=600)
    stale = ask(world, key, slot="a")
    assert (said(stale), stale.headers["x-gatehouse-cache"][-5:]) == ("Old.", "stale")
    until(lambda: said(ask(world, key, slot="a")) == "New.", what="the new answer")
    assert word(ask(world, key, ALIKE)) == "miss"
    assert "kind=semantic; age=0" in ask(world, key, SHOES).headers["x-gatehouse-cache"]


@pytest.mark.parametrize("semantic", ["off", "shadow"])
def test_an_answer_does_not_wait_until_it_is_kept(world, cached, team, semantic):
    key = cached(semantic=semantic)
    ask(world, key, SHOES)
    with world.stack.connect() as connection, connection.transaction():
        connection.execute(
            "LOCK TABLE gateway_cacheentry, gateway_cachepair, gateway_cacheevidence IN SHARE MODE"
        )
        body = {"model": MODEL, "messages": [{"role": "user", "content": ALIKE}]}
        answer = HTTP.post(f"{world.url}/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=4)  # fmt: skip
        assert answer.status_code == 200
    until(lambda: word(ask(world, key, ALIKE)) == "hit", what="the answer, kept")


def test_what_is_saved_is_the_same_wherever_it_is_said(world, cached, team):
    key = cached(semantic="serve", check_share=0, counts_requests=True)
    before = metrics(world)
    for _ in range(3):
        ask(world, key, SHOES)
    ask(world, key, ALIKE)
    for _ in range(2):
        ask(world, key, "Slot?", slot="17/{day}")
    ask(world, key, "No.", cache="no-store")
    world.set_rate_limit(team=team, metric="requests", limit=2)
    world.knows(world.new_key(team=team))
    statuses = [ask(world, key, SHOES).status_code for _ in range(4)]
    assert 429 in statuses
    found = world.execute(
        "SELECT checks->'cache'->>'kind' AS kind, count(*) AS n, sum((checks->'cache'->>'saved_nanos')::bigint)::bigint AS saved FROM governance_auditrecord"
        " WHERE team_id = (SELECT id FROM accounts_team WHERE name = %s) AND checks->'cache'->>'outcome' = 'hit' AND status = 'succeeded' GROUP BY 1",
        team,
    )
    refused = world.execute(
        "SELECT count(checks->'cache'->>'saved_nanos') AS n FROM governance_auditrecord WHERE team_id = (SELECT id FROM accounts_team WHERE name = %s) AND status = 'refused'",
        team,
    )
    assert refused == [{"n": 0}]
    recorded = {each["kind"]: (each["n"], each["saved"]) for each in found}
    assert recorded.keys() == {"exact", "semantic", "slot"}

    def used() -> dict[str, tuple[int, int]]:
        return {kind: (number, nanos) for kind, number, nanos in rows(world, CacheUse, team, "outcome", "number", "saved_nanos")}  # fmt: skip

    until(lambda: {kind: used().get(kind) for kind in recorded} == recorded, what="the same in the uses")
    assert {kind: number for kind, (number, _) in used().items() if kind not in recorded} == {"miss": 2, "bypass": 1}  # fmt: skip
    after = metrics(world)
    for kind, (number, nanos) in recorded.items():
        assert after["lookups", kind] - before.get(("lookups", kind), 0) == number
        assert after["saved_dollars", kind] - before.get(("saved_dollars", kind), 0) == Decimal(nanos) / 10**9


def metrics(world: World) -> dict[tuple[str, str], Decimal]:
    """Lookups and dollars saved on the tests' route, by kind."""
    text = HTTP.get(f"{world.url}/metrics").text
    line = re.compile(r"gatehouse_answer_cache_(lookups|saved_dollars)_total\{([^}]*)\} (\S+)")
    found: dict[tuple[str, str], Decimal] = {}
    for name, labels, value in line.findall(text):
        told = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if told.get("route") in (MODEL, HAIKU):
            kind = told.get("kind") or told["outcome"]
            found[name, kind] = round(found.get((name, kind), Decimal()) + Decimal(value), 9)
    return found
