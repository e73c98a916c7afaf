"""The cache through the management API: entries with their words, purges, labels, rules; on the trail, and of one's own teams."""

import pytest
from django.contrib.admin.models import LogEntry

from gateway.cache.models import CacheEntry, CacheEvidence, CachePair, CachePurge
from gateway.catalogue.models import CacheRule
from governance.records.services.known_people import kept_for
from tests.accounts.api_resources import API, ask, ids
from tests.gateway.cache.factories import make_entry, make_pair
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route

pytestmark = [pytest.mark.django_db]
JANE = "jane.doe@example.com"


def test_entries_are_listed_without_and_read_with_their_words(world):
    mine = CacheEntry.objects.get(team=world.mine.team)
    slot = make_entry(world.mine.team, kind="slot", route="other", cost_nanos=2_000_000)
    client = world.client("reviewer")
    assert ids(client, "cache-entries") == [slot.pk, mine.pk]
    assert (
        ids(client, "cache-entries", "?kind=slot")
        == ids(client, "cache-entries", "?route=other")
        == [slot.pk]
    )
    (row,) = client.get(f"{API}/cache-entries/?kind=slot").json()["results"]
    assert "answer" not in row
    assert (row["question"], row["cost_usd"]) == (slot.question, "0.002")
    answer = client.get(f"{API}/cache-entries/{slot.pk}/")
    assert answer.json()["answer"] == "Within five days."
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("who", "status"), [("owner", 204), ("developer", 403), ("viewer", 404)])
def test_who_may_end_an_answer(world, who, status):
    entry = CacheEntry.objects.get(team=world.mine.team)
    assert ask(world.client(who), "delete", f"{API}/cache-entries/{entry.pk}/").status_code == status
    assert CacheEntry.objects.filter(pk=entry.pk).exists() == (status != 204)
    assert LogEntry.objects.filter(object_id=str(entry.pk), content_type__model="cacheentry").count() == (
        status == 204
    )


def test_a_purge_by_what_clients_send(world):
    team, client = world.mine.team, world.client("owner")
    hers = make_entry(team, end_user=kept_for(team, JANE))
    body = {"team": team.pk, "end_user": JANE, "reason": "She asked for it."}
    made = ask(client, "post", f"{API}/cache-purges/", body)
    assert made.status_code == 201
    assert made.json()["ended"] == 1
    assert JANE not in made.content.decode()
    assert not CacheEntry.objects.filter(pk=hers.pk).exists()
    assert CacheEntry.objects.filter(team=team).exists()
    assert ids(client, "cache-purges")[0] == made.json()["id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"uses": "page 7"}, "uses"), ({"reason": ""}, "reason"), ({"older_than": "yesterday"}, "older_than"), ({"prompt": 0}, "prompt"),
     ({"enduser": JANE}, "enduser"), ({"end_user": " "}, "end_user"), ({"uses": "\t"}, "uses")],
)  # fmt: skip
def test_a_purge_that_can_t_be(world, change, field):
    before = CachePurge.objects.count()
    body = {"team": world.mine.team.pk, "reason": "It was wrong.", **change}
    refused = ask(world.client("owner"), "post", f"{API}/cache-purges/", body)
    assert refused.status_code == 400
    assert field in refused.json()
    assert CachePurge.objects.count() == before


def test_all_teams_at_once_are_for_superusers(world):
    body = {"route": "nova-lite", "reason": "It was wrong."}
    assert ask(world.client("owner"), "post", f"{API}/cache-purges/", body).status_code == 403
    assert CacheEntry.objects.count() == 2
    made = ask(world.client("superuser"), "post", f"{API}/cache-purges/", body)
    assert (made.status_code, made.json()["ended"]) == (201, 2)
    no_team = ask(world.client("superuser"), "post", f"{API}/cache-purges/", {**body, "end_user": JANE})
    assert no_team.json() == {"team": ["Choose the team whose end user it is."]}


@pytest.mark.parametrize(
    ("who", "status"), [("reviewer", 200), ("owner", 200), ("viewer", 404), ("nobody", 404)]
)
def test_who_may_label(world, who, status):
    pair = CachePair.objects.get(team=world.mine.team)
    url = f"{API}/cache-pairs/{pair.pk}/label/"
    answer = ask(world.client(who), "post", url, {"label": "different"})
    assert answer.status_code == status
    pair.refresh_from_db()
    assert pair.label == ("different" if status == 200 else "")
    if status == 200:
        assert answer.json()["label"] == "different"
        assert CacheEvidence.objects.get(team=world.mine.team).wrong == 1
        assert pair.entry is not None
        assert pair.entry.is_barred
        assert ask(world.client(who), "post", url, {"label": "maybe"}).status_code == 400
        assert ask(world.client(who), "post", url, {"label": ""}).json()["labelled_by"] is None
        assert CacheEvidence.objects.get(team=world.mine.team).judged == 0


def test_pairs_are_filtered(world):
    CachePair.objects.filter(team=world.mine.team).delete()
    unsure, same = make_pair(world.mine.team), make_pair(world.mine.team, outcome="same", label="different")
    client = world.client("reviewer")
    assert ids(client, "cache-pairs", "?outcome=unsure") == [unsure.pk]
    assert ids(client, "cache-pairs", "?label=different") == [same.pk]


def test_names_of_rules_are_a_team_s_own(world):
    """Else one team learns what another has, or keeps it from a name."""
    mine, other = world.mine.team, world.other.team
    CacheRule.objects.filter(team=other).update(name="Everything")
    CacheRule.objects.filter(team=mine).update(name="Ours")
    first = {"team": mine.pk, "prompt": mine.prompts.first().pk}
    made = ask(world.client("owner"), "post", f"{API}/cache-rules/", {**first, "name": "Everything"})
    assert made.status_code == 201
    again = ask(world.client("owner"), "post", f"{API}/cache-rules/", {**first, "name": "Another"})
    assert "change that one" in again.content.decode()
    named = {"team": mine.pk, "route": world.route.pk, "name": "Everything"}
    assert (
        "choose another name"
        in ask(world.client("owner"), "post", f"{API}/cache-rules/", named).content.decode()
    )


def test_rules_say_what_they_take(world):
    rule, client = CacheRule.objects.get(team=world.mine.team), world.client("owner")
    url = f"{API}/cache-rules/{rule.pk}/"
    for change in (
        {"seconds": 0},
        {"seconds": 10**8},
        {"error_bound": 0},
        {"min_similarity": 0.1},
        {"semantic": "maybe"},
    ):
        refused = ask(client, "patch", url, change)
        assert refused.status_code == 400, change
        assert list(refused.json()) == list(change)
    words = ask(client, "patch", url, {"embedder": world.route.pk})
    assert "makes no vectors" in words.json()["embedder"][0]
    titan = make_route("titan", make_deployment(make_model("amazon.titan-embed", "Titan", kind="embedding")))
    assert ask(client, "patch", url, {"embedder": titan.pk}).json()["embedder"] == titan.pk
    again = ask(client, "post", f"{API}/cache-rules/", {"team": world.mine.team.pk, "name": "again"})
    assert again.status_code == 400
    assert ask(client, "delete", url).status_code == 204
