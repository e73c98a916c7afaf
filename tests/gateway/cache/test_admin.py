"""The pages of the cache: rules in words, entries that are ended, purges that are counted first, pairs labelled, and figures."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Team
from gateway.cache.models import CacheEntry, CacheEvidence, CachePair, CachePurge
from gateway.catalogue.cache_words import duration, said
from gateway.catalogue.models import CacheRule
from governance.records.services.known_people import kept_for
from kernel.clock import utc_now
from tests.gateway.cache.factories import make_cache_rule, make_entry, make_pair, make_use

pytestmark = [pytest.mark.django_db]
LABEL = reverse("admin:gateway_cachepair_label")
PURGE = reverse("admin:gateway_cachepurge_purge")
FIGURES = reverse("admin:gateway_cacheuse_changelist")
JANE = "jane.doe@example.com"


def page(world: Any, who: str, name: str, *args: Any, **query: Any) -> str:
    answer = world.client(who).get(reverse(f"admin:gateway_{name}", args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_rules_in_words(world):
    rule = CacheRule(seconds=86_400, semantic="shadow", slot_seconds=7200)
    assert said(rule) == "Same requests for 1 day; similar questions in shadow; slots for 2 hours"
    rule = CacheRule(exact=False, semantic="serve", error_bound=0.005, slot_seconds=5400, stale_seconds=1)
    assert (
        said(rule)
        == "Similar questions served, of which 0.5 % may be wrong; slots for 90 minutes, and 1 second stale"
    )
    assert said(CacheRule(exact=False, semantic="off", slots=False)) == "Nothing"
    assert duration(172_800) == "2 days"
    assert "Same requests for 1 day; similar questions in shadow; slots for 2 hours" in page(
        world, "viewer", "cacherule_changelist"
    )


def test_a_loose_rule_is_warned_of(world):
    url, client = reverse("admin:gateway_cacherule_add"), world.client("owner")
    form = {
        "name": "loose",
        "team": world.mine.team.pk,
        "prompt": world.mine.team.prompts.first().pk,
        "exact": "on",
        "semantic": "serve",
    }
    answer = client.post(
        url, {**form, "with_tools": "on", "max_temperature": "1.5", "error_bound": "0.2"}, follow=True
    )
    text = answer.content.decode()
    for words in ("asks for the same tools again", "variety gets the same answer", "20 of 100 answers"):
        assert words in text
    made = CacheRule.objects.get(name="loose")
    assert (made.seconds, made.min_similarity) == (86_400, 0.92)  # what is left empty is what is usual
    assert "asks for the same tools again" in page(world, "owner", "cacherule_change", made.pk)
    refused = client.post(url, {**form, "name": "again"}).content.decode()
    assert "already exists" in refused


def test_entries_are_for_who_may_read_what_was_said(world):
    entry = CacheEntry.objects.get(team=world.mine.team)
    make_entry(world.other.team, question="of another team")
    text = page(world, "reviewer", "cacheentry_changelist")
    assert entry.question in text
    assert "of another team" not in text
    assert entry.question not in page(world, "viewer", "cacheentry_changelist")
    one = page(world, "reviewer", "cacheentry_change", entry.pk)
    assert "Five days, says Mine." in one
    assert "it holds no value of anybody" in one
    barred = make_entry(
        world.mine.team,
        is_barred=True,
        has_values=True,
        end_user="dev-17",
        call_id=world.mine.call.pk,
        hits=3,
    )
    one = page(world, "reviewer", "cacheentry_change", barred.pk)
    assert "dev-17 alone" in one
    assert "given for the same one alone" in one
    assert f"/governance/auditrecord/{world.mine.call.pk}/" in one


@pytest.mark.parametrize(
    ("who", "may"), [("owner", True), ("developer", False), ("viewer", False), ("nobody", False)]
)
def test_who_may_end_an_answer(world, who, may):
    entry, client = CacheEntry.objects.get(team=world.mine.team), world.client(who)
    url = reverse("admin:gateway_cacheentry_end", args=[entry.pk])
    assert (client.get(url).status_code == 200) is may
    assert CacheEntry.objects.filter(pk=entry.pk).exists()
    assert client.post(url, {"reason": "wrong"}).status_code == (302 if may else 403)
    assert CacheEntry.objects.filter(pk=entry.pk).exists() is not may
    other = CacheEntry.objects.get(team=world.other.team)
    assert client.post(reverse("admin:gateway_cacheentry_end", args=[other.pk])).status_code in (302, 403)
    selected = {"action": "end_selected", "_selected_action": [other.pk]}
    client.post(reverse("admin:gateway_cacheentry_changelist"), selected)
    assert CacheEntry.objects.filter(pk=other.pk).exists()


def test_several_at_once(world):
    entries = [make_entry(world.mine.team).pk for _ in range(3)]
    selected = {"action": "end_selected", "_selected_action": entries[:2]}
    text = (
        world.client("owner")
        .post(reverse("admin:gateway_cacheentry_changelist"), selected, follow=True)
        .content.decode()
    )
    assert "2 ended" in text
    assert not CacheEntry.objects.filter(pk__in=entries[:2]).exists()


@pytest.fixture
def team(world) -> Team:
    CacheEntry.objects.all().delete()
    return world.mine.team


def test_a_purge_is_counted_before_it_is_made(world, team):
    hers, client = make_entry(team, end_user=kept_for(team, JANE)), world.client("owner")
    other = make_entry(team, end_user="dev-17")
    make_entry(world.other.team, end_user=kept_for(team, JANE))
    before = CachePurge.objects.count()
    form = {"team": team.pk, "end_user": JANE, "reason": "She asked for it."}
    text = client.post(PURGE, form).content.decode()
    assert "1 answer would be ended" in text
    assert CachePurge.objects.count() == before
    assert CacheEntry.objects.filter(pk=hers.pk).exists()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', text))
    assert "She asked for it." in client.post(PURGE, {**hidden, "change": "yes"}).content.decode()
    answer = client.post(PURGE, {**hidden, "confirm": "yes"}, follow=True).content.decode()
    assert "1 answers were deleted" in answer
    assert JANE not in answer
    assert set(CacheEntry.objects.filter(team=team)) == {other}
    assert CacheEntry.objects.filter(team=world.other.team).exists()


@pytest.mark.parametrize("who", ["owner", "admin", "developer", "viewer", "nobody"])
def test_purges_reach_no_further(world, team, who):
    for each in (team, world.other.team):
        make_entry(each)
    client, other = world.client(who), world.other.team
    tries = (
        {"team": other.pk}, {"team": ""}, {"team": "", "route": "nova-lite"}, {"team": team.pk, "prompt": other.prompts.first().pk},
    )  # fmt: skip
    for each in tries:
        answer = client.post(PURGE, {**each, "reason": "Mine now", "confirm": "yes"})
        assert answer.status_code == (200 if who in ("owner", "admin") else 403)
    assert CacheEntry.objects.count() == 2
    assert not CachePurge.objects.filter(reason="Mine now").exists()


def test_superusers_purge_all_teams_by_age(world, team):
    old = make_entry(team, created_at=utc_now() - timedelta(days=8))
    new = make_entry(world.other.team)
    form = {"team": "", "older_than_days": "7", "reason": "Too old", "confirm": "yes"}
    assert world.client("superuser").post(PURGE, form).status_code == 302
    assert set(CacheEntry.objects.all()) == {new}
    assert old.pk != new.pk
    assert "All teams: older than" in page(world, "superuser", "cachepurge_changelist")
    text = (
        world.client("superuser")
        .post(PURGE, {"team": "", "end_user": JANE, "reason": "Why not"})
        .content.decode()
    )
    assert "Choose the team whose end user it is" in text
    text = (
        world.client("superuser")
        .post(PURGE, {"team": "", "uses": "page 7", "reason": "Why not"})
        .content.decode()
    )
    assert "such as document:7" in text


def shown(text: str) -> int:
    found = re.search(r'name="pair" value="(\d+)"', text)
    return int(found[1]) if found else 0


def test_pairs_come_one_after_the_other_those_of_doubt_first(world):
    CachePair.objects.all().delete()
    team, client = world.mine.team, world.client("reviewer")
    same, different = make_pair(team, outcome="same"), make_pair(team, outcome="different")
    unsure = make_pair(
        team, asked="Is it not free?", known="Is it free?", said="Yes, for you.", served="Yes."
    )
    make_pair(world.other.team)
    text = client.get(LABEL).content.decode()
    assert shown(text) == unsure.pk
    assert "<ins>not </ins>" in text
    assert "<ins>, for you</ins>" in text
    assert "3 wait" in text
    assert shown(client.get(LABEL, {"after": unsure.pk}).content.decode()) == different.pk
    assert shown(client.get(LABEL, {"after": different.pk}).content.decode()) == same.pk
    text = client.post(
        LABEL, {"pair": unsure.pk, "label": "different", "team": ""}, follow=True
    ).content.decode()
    assert shown(text) == different.pk
    assert f"?pair={unsure.pk}" in text
    evidence = CacheEvidence.objects.get(team=team)
    assert (evidence.judged, evidence.wrong) == (1, 1)
    assert shown(client.get(LABEL, {"pair": unsure.pk}).content.decode()) == unsure.pk
    for pair in (different, same):
        client.post(LABEL, {"pair": pair.pk, "label": "same", "team": team.pk})
    assert "Nothing waits for a label" in client.get(LABEL).content.decode()
    assert "Is it " in page(world, "reviewer", "cachepair_changelist")


@pytest.mark.parametrize(
    ("who", "may"),
    [("owner", True), ("developer", True), ("reviewer", True), ("viewer", False), ("nobody", False)],
)
def test_who_may_label(world, who, may):
    pair, client = CachePair.objects.get(team=world.mine.team), world.client(who)
    assert client.get(LABEL).status_code == (200 if may else 403)
    other = CachePair.objects.get(team=world.other.team)
    for each in (pair, other):
        client.post(LABEL, {"pair": each.pk, "label": "different"})
    pair.refresh_from_db()
    other.refresh_from_db()
    assert (pair.label, other.label) == ("different" if may else "", "")
    for query in ({"pair": other.pk}, {"after": other.pk}, {"pair": "x"}, {"pair": 0}):
        assert client.get(LABEL, query).status_code == 403
    assert client.post(LABEL, {"pair": pair.pk, "label": "maybe"}).status_code == 403
    answer = client.get(reverse("admin:gateway_cachepair_change", args=[other.pk]))
    assert answer.status_code == 403


def test_figures(world):
    CacheRule.objects.update(is_enabled=True)
    team = world.mine.team
    assert "Nothing was looked up in this range" in page(world, "viewer", "cacheuse_changelist")
    prompt = team.prompts.first()
    make_use(team, "exact", number=40, prompt=prompt.name)
    make_use(team, "miss", number=60)
    make_use(team, "retrieval", number=5, saved_nanos=0, route="other")
    make_use(world.other.team, "slot", number=900, saved_nanos=77 * 10**9)
    CacheEvidence.objects.create(team=team, route="nova-lite", prompt_id=prompt.pk, judged=40, wrong=30)
    CacheRule.objects.filter(team=team).update(semantic="serve")
    text = page(world, "viewer", "cacheuse_changelist", range="7d")
    for words in (
        "40 %",
        "40 of 100 calls looked up",
        "$1.00",
        prompt.name,
        "Serves exact answers only: up to",
        "Retrieval",
    ):
        assert words in text
    assert "77.00" not in text
    assert "$77.00" in page(world, "superuser", "cacheuse_changelist", range="7d")
    assert "can" in page(world, "viewer", "cacheuse_changelist", range="never")
    usage = page_of(world, "viewer", "admin:governance_usageday_changelist")
    caches = page_of(world, "viewer", "admin:governance_volatilebeginning_changelist")
    assert "Saved by the cache" in usage
    assert "40 answers given again" in usage
    assert "Saved by the cache" in caches


def page_of(world: Any, who: str, name: str) -> str:
    text: str = world.client(who).get(reverse(name)).content.decode()
    return text


def test_a_team_s_own_rules_and_those_of_all(world):
    make_cache_rule(None, name="Everybody's")
    text = page(world, "developer", "cacherule_changelist")
    assert "Everybody" in text
    assert "Cache of Other" not in text
    everybody = CacheRule.objects.get(team=None)
    answer = world.client("owner").post(
        reverse("admin:gateway_cacherule_change", args=[everybody.pk]), {"name": "x"}
    )
    assert answer.status_code == 403
