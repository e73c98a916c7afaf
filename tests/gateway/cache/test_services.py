"""Purges end what fits and nothing else, erasure reaches the cache, labels move the evidence, and what is over goes."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from gateway.cache.models import CacheEntry, CacheEvidence, CachePair, CachePurge
from gateway.cache.services.labels import label
from gateway.cache.services.purging import PurgeError, end_entry, planned, purge, would_end
from gateway.cache.services.tending import tend
from gateway.catalogue.models import CacheRule
from gateway.tasks import tend_cache
from governance.records.services.known_people import kept_for
from governance.records.services.team_keys import erase
from kernel.clock import utc_now
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from tests.gateway.cache.factories import make_cache_rule, make_entry, make_pair, make_purge

pytestmark = [pytest.mark.django_db]
JANE = "jane.doe@example.com"


@pytest.fixture
def team(world) -> Team:
    CacheEntry.objects.all().delete()
    return world.mine.team


def left() -> set[int]:
    return set(CacheEntry.objects.values_list("pk", flat=True))


def test_a_purge_ends_what_fits_all_it_names_and_nothing_else(world, team):
    """Every combination of what a purge may name, against entries that have it or lack it."""
    prompts = list(team.prompts.all()[:2])
    old, now = utc_now() - timedelta(days=3), utc_now()
    sides: list[list[dict[str, Any]]] = [
        [{"team": team}, {"team": world.other.team}],
        [{"prompt": prompts[0]}, {"prompt": prompts[1]}, {}],
        [{"route": "one"}, {"route": "two"}],
        [{"end_user": kept_for(team, JANE)}, {"end_user": "dev-17"}],
        [{"uses": ["document:1", "base:4"]}, {"uses": []}],
        [{"created_at": old}, {"created_at": now}],
    ]
    values = [{key: value for side in each for key, value in side.items()} for each in product(*sides)]
    entries = {make_entry(**each).pk: each for each in values}
    asked: list[dict[str, Any]] = [
        {"team": team}, {"team": team, "prompt": prompts[0]}, {"team": team, "route": "one"}, {"team": team, "end_user": JANE},
        {"team": team, "uses": "base:4"}, {"team": team, "older_than": now - timedelta(days=1)}, {"team": None, "route": "two"},
        {"team": team, "prompt": prompts[1], "route": "two", "end_user": "dev-17", "uses": "document:1", "older_than": now},
        {"team": None, "prompt": prompts[0], "uses": "context:9"},
    ]  # fmt: skip
    for each in asked:
        wanted = {name: value for name, value in each.items() if value is not None}
        fits = {
            pk for pk, entry in entries.items() if all(_has(team, entry, *pair) for pair in wanted.items())
        }
        assert would_end(planned(**each)) == len(fits)
        with transaction.atomic():
            assert purge(**each, by=None, reason="It was wrong.").ended == len(fits)
            assert left() == set(entries) - fits
            transaction.set_rollback(True)


def _has(team: Team, entry: dict[str, Any], name: str, value: Any) -> bool:
    match name:
        case "uses":
            return value in entry["uses"]
        case "older_than":
            return bool(entry["created_at"] < value)
        case "end_user":
            return bool(entry["end_user"] == kept_for(team, value))
    return bool(entry.get(name) == value)


def test_what_was_asked_for_later_stays(team):
    entry = make_entry(team)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gateway_cacheentry SET seen_xact = seen_xact + 1")
    assert purge(team=team, by=None, reason="").ended == 0
    assert left() == {entry.pk}


def test_a_purge_is_on_record(world, team):
    made = purge(team=team, end_user=JANE, route="one", by=world.people["owner"], reason="She asked for it.")
    assert made.end_user == kept_for(team, JANE) != JANE
    entry = LogEntry.objects.get(object_id=str(made.pk), content_type__model="cachepurge")
    assert "She asked for it." in entry.change_message
    assert JANE not in entry.change_message
    assert (made.by, made.ended) == (world.people["owner"], 0)


@pytest.mark.parametrize("uses", ["document", "document:x", "page:1", "document:٣"])
def test_what_can_be_no_document_is_refused(team, uses):
    with pytest.raises(PurgeError, match="such as document:7"):
        purge(team=team, uses=uses, by=None, reason="")
    assert not CachePurge.objects.filter(uses=uses).exists()


def test_an_end_user_is_some_team_s(team):
    with pytest.raises(PurgeError, match="Choose the team"):
        purge(team=None, end_user=JANE, by=None, reason="")


def test_pairs_of_an_end_user_go_along_and_what_was_counted_stays(world, team):
    tag = kept_for(team, JANE)
    hers, others = make_pair(team, end_users=["dev-17", tag]), make_pair(team, end_users=["dev-17"])
    elsewhere = make_pair(world.other.team, end_users=[tag])
    CacheEvidence.objects.create(team=team, route="nova-lite", judged=5, wrong=1)
    purge(team=team, end_user=JANE, by=None, reason="")
    found = set(CachePair.objects.values_list("pk", flat=True))
    assert hers.pk not in found
    assert {others.pk, elsewhere.pk} <= found
    assert CacheEvidence.objects.get().judged == 5
    purge(team=team, route="nova-lite", by=None, reason="")
    assert CachePair.objects.filter(pk=others.pk).exists()
    purge(team=team, by=None, reason="")
    assert not CachePair.objects.filter(team=team).exists()
    assert CachePair.objects.filter(pk=elsewhere.pk).exists()


def test_one_entry_alone(world, team):
    entry, other = make_entry(team), make_entry(team)
    pair = make_pair(team, entry=entry)
    pk = entry.pk
    end_entry(entry, by=world.people["owner"], reason="wrong")
    assert left() == {other.pk}
    assert LogEntry.objects.filter(object_id=str(pk), content_type__model="cacheentry").exists()
    pair.refresh_from_db()
    assert pair.entry is None


def test_erasing_a_team_s_raw_text_reaches_its_cache(world, team):
    mine, other = make_entry(team), make_entry(world.other.team)
    keys = list(team.data_keys.all())
    erase(keys, by=world.people["owner"], reason="The contract ended.", now=utc_now())
    assert left() == {other.pk}
    assert mine.pk not in left()
    found = CachePurge.objects.filter(team=team).latest("pk")
    assert "The contract ended." in found.reason
    erase(keys, by=world.people["owner"], reason="Again.", now=utc_now())
    assert CachePurge.objects.filter(team=team).latest("pk") == found


def test_a_document_that_changes_ends_what_used_it(team):
    document = KnowledgeDocument.objects.get(base__team=team)
    used = make_entry(team, uses=[f"document:{document.pk}"])
    uses = [f"base:{document.base_id}", f"search:{document.base_id}"]
    searched = make_entry(team, uses=uses, kind="retrieval")
    other = make_entry(team, uses=["document:0"])
    beside = make_entry(team, uses=["document:0", uses[0]])
    document.name = "renamed.md"
    document.save()
    assert tend_cache() == 2
    assert left() == {other.pk, beside.pk}
    assert {used.pk, searched.pk}.isdisjoint(left())
    assert not CachePurge.objects.filter(ended=None).exists()
    KnowledgeBase.objects.filter(pk=document.base_id).delete()
    tend(now=utc_now())
    assert left() == {other.pk}


def test_a_base_that_goes_ends_what_was_answered_from_it(team):
    base = KnowledgeBase.objects.create(
        team=team, name="elsewhere", kind="bedrock", bedrock_id="ABCDEFGHIJ", region="us-east-1"
    )
    make_entry(team, uses=[f"base:{base.pk}"])
    other = make_entry(team, uses=[f"base:{base.pk + 1}"])
    KnowledgeBase.objects.filter(pk=base.pk)._raw_delete("default")
    assert tend(now=utc_now()) == 1
    assert left() == {other.pk}


def test_what_is_stored_late_goes_too(team):
    purge(team=team, route="one", by=None, reason="")
    late, other = make_entry(team, route="one"), make_entry(team, route="two")
    assert tend(now=utc_now()) == 1
    assert left() == {other.pk}
    assert late.pk not in left()
    assert CachePurge.objects.filter(route="one").get().ended == 1


def test_a_folder_that_is_read_anew_is_tidied_up_at_once(team):
    CachePurge.objects.all().delete()
    entry = make_entry(team, uses=["document:7", "base:1"])
    make_purge(team, uses="document:7", reason="one", ended=None)
    for number in range(100, 300):
        make_purge(team, uses=f"document:{number}", reason="many", ended=None)
    with CaptureQueriesContext(connection) as seen:
        assert tend(now=utc_now()) == 1
    assert entry.pk not in left()
    assert len(seen) < 50
    assert not CachePurge.objects.filter(ended=None).exists()
    assert CachePurge.objects.get(reason="one").ended == 1


def test_what_is_over_and_what_is_too_many(team):
    now = utc_now()
    make_entry(team, ends_at=now - timedelta(seconds=1))
    rule = CacheRule.objects.get(team=team)
    CacheRule.objects.filter(pk=rule.pk).update(max_entries=2)
    served = make_entry(team, rule=rule, created_at=now - timedelta(days=9), last_hit_at=now)
    make_entry(team, rule=rule, created_at=now - timedelta(days=2))
    fresh = make_entry(team, rule=rule, created_at=now - timedelta(hours=1))
    other = make_entry(team, rule=make_cache_rule(None, name="all"), created_at=now - timedelta(days=2))
    assert tend(now=now) == 2
    assert left() == {served.pk, fresh.pk, other.pk}


def test_old_purges_and_pairs_are_let_go(world, team):
    CachePurge.objects.all().delete()
    CachePair.objects.all().delete()
    now = utc_now()
    for days, kept in ((0, True), (2, False)):
        make_purge(team, at=now - timedelta(days=days), uses="document:0", reason=f"trigger {kept}")
    for days, kept in ((2, True), (91, False)):
        make_purge(
            team,
            at=now - timedelta(days=days),
            by=world.superuser,
            uses="document:0",
            reason=f"person {kept}",
        )
        make_pair(team, at=now - timedelta(days=days), asked=str(kept))
    unseen = make_entry(team, route="one")
    make_purge(team, at=now - timedelta(days=3), ended=None, route="one")
    tend(now=now)
    assert {each.reason for each in CachePurge.objects.all()} == {"trigger True", "person True"}
    assert [each.asked for each in CachePair.objects.all()] == ["True"]
    assert unseen.pk not in left()


def counted(team: Team) -> tuple[int, int, int]:
    found = CacheEvidence.objects.get(team=team, route="nova-lite", prompt_id=0)
    return found.judged, found.wrong, found.unsure


@pytest.mark.parametrize("outcome", ["same", "different", "unsure"])
def test_labels_move_the_evidence_by_what_they_change(world, team, outcome):
    reviewer, now = world.people["reviewer"], utc_now()
    begun = {"same": (7, 2, 1), "different": (7, 3, 1), "unsure": (6, 2, 2)}
    judged, wrong, unsure = begun[outcome]
    CacheEvidence.objects.create(team=team, route="nova-lite", judged=judged, wrong=wrong, unsure=unsure)
    pair = make_pair(team, outcome=outcome)
    for said in ("same", "different", "different", "", "same", ""):
        found = label(pair=pair, label=said, by=reviewer, now=now)
        assert counted(team) == begun[said or outcome]
        assert (found.labelled_by, found.labelled_at) == ((reviewer, now) if said else (None, None))
    assert LogEntry.objects.filter(object_id=str(pair.pk), content_type__model="cachepair").count() == 6


def test_an_entry_that_was_wrong_is_barred_and_freed_when_all_is_taken_back(world, team):
    entry, reviewer = make_entry(team), world.people["reviewer"]
    one, two = make_pair(team, entry=entry), make_pair(team, entry=entry, outcome="different")

    def said(pair: CachePair, text: str) -> bool:
        label(pair=pair, label=text, by=reviewer, now=utc_now())
        entry.refresh_from_db()
        return entry.is_barred

    assert said(one, "different")
    assert said(one, "same")  # the other one was measured to be wrong
    assert not said(two, "same")
    assert said(two, "")


def test_a_label_reaches_the_question_though_its_answer_is_another(world, team):
    """The entry that a pair was of is gone, and its question was asked anew."""
    first = make_entry(team, scope=b"scope")
    pair = make_pair(team, entry=first, outcome="unsure")
    end_entry(first, by=world.people["owner"])
    again, other = make_entry(team, scope=b"scope"), make_entry(team, scope=b"scope", question="Where is it?")
    label(pair=pair, label="different", by=world.people["reviewer"], now=utc_now())
    assert set(CacheEntry.objects.filter(is_barred=True)) == {again}
    label(pair=pair, label="", by=world.people["reviewer"], now=utc_now())
    assert not CacheEntry.objects.filter(is_barred=True).exists()
    assert other.pk in left()


def test_the_first_label_of_a_route_begins_its_evidence(world, team):
    label(
        pair=make_pair(team, outcome="unsure"), label="different", by=world.people["reviewer"], now=utc_now()
    )
    assert counted(team) == (1, 1, 0)
