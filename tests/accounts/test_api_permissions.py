"""Who may do what through the management API: other teams do not exist, and roles go as far as in the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import ApiKey, Application, Membership, Team, User
from gateway.cache.models import CacheEntry, CachePair, CachePurge
from gateway.catalogue.models import CacheRule
from gateway.costs.models import CostScenario
from governance.alerts.models import AlertChannel, Delivery
from governance.limits.models import Budget, RateLimit
from governance.privacy.models import PrivacyPolicy
from governance.records.models import AuditRecord, KnownPerson, RawAccess, TeamKey
from prompts.evaluations.models import Evaluation, TestCase, TestSet
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.registry.models import Label, LabelMove, Prompt, PromptVersion, ReviewRule
from prompts.rollout.models import Experiment, Rollout, ServiceContract
from tests.accounts.api_resources import (
    API,
    CATALOG,
    HIDDEN_FROM,
    OF_TEAMS,
    REPORTS,
    ask,
    at,
    endpoints,
    id_in,
    ids,
    new_bodies,
    resource_of,
)
from tests.accounts.factories import make_member, make_person
from tests.governance.records.factories import make_call
from tests.tables import contents
from tests.world import ROLES, World

pytestmark = pytest.mark.django_db

ALL = endpoints()
OBJECTS = [(method, path) for method, path in ALL if "{" in path and resource_of(path) in OF_TEAMS]
TABLES = (
    Team,
    Membership,
    Application,
    ApiKey,
    Budget,
    CostScenario,
    RateLimit,
    AlertChannel,
    Delivery,
    AuditRecord,
    TeamKey,
    KnownPerson,
    RawAccess,
    PrivacyPolicy,
    Prompt,
    PromptVersion,
    Label,
    LabelMove,
    ReviewRule,
    Experiment,
    Rollout,
    TestSet,
    TestCase,
    Evaluation,
    ServiceContract,
    KnowledgeBase,
    KnowledgeDocument,
    CacheRule,
    CacheEntry,
    CachePurge,
    CachePair,
)
MANAGES_KEYS = ("owner", "admin", "developer")
MANAGES_TEAM = ("owner", "admin")
MAY_CREATE = {
    "memberships": MANAGES_TEAM,
    "applications": MANAGES_KEYS,
    "known-people": MANAGES_TEAM,
    "api-keys": MANAGES_KEYS,
    "budgets": MANAGES_TEAM,
    "cost-scenarios": MANAGES_TEAM,
    "rate-limits": MANAGES_TEAM,
    "alert-channels": MANAGES_TEAM,
    "privacy-policies": MANAGES_TEAM,
    "prompts": MANAGES_KEYS,
    "prompt-versions": MANAGES_KEYS,
    "prompt-labels": MANAGES_KEYS,
    "review-rules": MANAGES_TEAM,
    "experiments": MANAGES_KEYS,
    "rollouts": MANAGES_KEYS,
    "test-sets": MANAGES_KEYS,
    "test-cases": MANAGES_KEYS,
    "evaluations": MANAGES_KEYS,
    "service-contracts": MANAGES_KEYS,
    "context-sources": MANAGES_KEYS,
    "knowledge-bases": MANAGES_KEYS,
    "cache-rules": MANAGES_TEAM,
    "cache-purges": MANAGES_TEAM,
}
CHANGES = {
    "teams": (MANAGES_TEAM, {"description": "changed"}),
    "memberships": (MANAGES_TEAM, {"role": "reviewer"}),
    "applications": (MANAGES_KEYS, {"description": "changed"}),
    "known-people": (MANAGES_TEAM, {"name": "Changed"}),
    "budgets": (MANAGES_TEAM, {"limit_usd": "1"}),
    "cost-scenarios": (MANAGES_TEAM, {"name": "Changed"}),
    "rate-limits": (MANAGES_TEAM, {"limit": 7}),
    "alert-channels": (MANAGES_TEAM, {"name": "changed"}),
    "privacy-policies": (MANAGES_TEAM, {"draft": {"names": True}}),
    "prompts": (MANAGES_KEYS, {"description": "changed"}),
    "prompt-versions": (MANAGES_KEYS, {"note": "changed", "revision": 1}),
    "review-rules": (MANAGES_TEAM, {"approvals": 2}),
    "experiments": (MANAGES_KEYS, {"hypothesis": "changed"}),
    "rollouts": (MANAGES_KEYS, {"segment": {"attributes": {"country": ["de"]}}}),
    "test-sets": (MANAGES_KEYS, {"description": "changed"}),
    "test-cases": (MANAGES_KEYS, {"note": "changed"}),
    "service-contracts": (MANAGES_KEYS, {"p95_ms": 700}),
    "context-sources": (MANAGES_KEYS, {"text": "changed"}),
    "knowledge-bases": (MANAGES_KEYS, {"floor": 0.5}),
    "cache-rules": (MANAGES_TEAM, {"seconds": 60}),
}


@pytest.fixture
def world(world: World) -> World:
    make_person("stranger", team=world.other.team, role="owner")
    return world


def everything() -> dict[str, str]:
    return contents(TABLES)


def test_the_endpoints_are_all_known():
    assert {resource_of(path) for _, path in ALL} == {*OF_TEAMS, *CATALOG, *REPORTS}
    assert {resource_of(path) for _, path in OBJECTS} == set(OF_TEAMS)


@pytest.mark.parametrize(("method", "path"), OBJECTS)
def test_what_is_another_team_s_does_not_exist(world, method, path):
    before = everything()
    url = at(path, id_in(world.other, resource_of(path)))
    for who in ("owner", "nobody"):
        answer = ask(world.client(who), method, url, {"name": "taken", "role": "owner"})
        assert answer.status_code == 404, who
        assert b"Other" not in answer.content
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
@pytest.mark.parametrize("resource", OF_TEAMS)
def test_lists_hold_one_s_own(world, resource, who):
    found = ids(world.client(who), resource)
    assert str(id_in(world.other, resource)) not in map(str, found)
    assert bool(found) == (who != "nobody" and resource not in HIDDEN_FROM.get(who, ()))
    assert str(id_in(world.other, resource)) in map(str, ids(world.client("superuser"), resource))


@pytest.mark.parametrize("query", ["?team={team}", "?application={application}"])
def test_filters_do_not_reach_further(world, query):
    other = world.other
    query = query.format(team=other.team.pk, application=other.application.pk)
    assert ids(world.client("owner"), "calls", query) == []


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
@pytest.mark.parametrize("resource", MAY_CREATE)
def test_nothing_is_made_in_another_team(world, resource, who):
    world.other.budget.delete()
    before = everything()
    answer = ask(world.client(who), "post", f"{API}/{resource}/", new_bodies(world.other)[resource])
    if who in MAY_CREATE[resource]:
        assert answer.status_code == 400
        assert "does not exist" in answer.content.decode()
    else:
        assert answer.status_code == 403
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
@pytest.mark.parametrize("resource", MAY_CREATE)
def test_who_may_make_what(world, resource, who):
    world.mine.budget.delete()
    body = new_bodies(world.mine)[resource]
    if resource == "service-contracts":
        ServiceContract.objects.all().delete()
    answer = ask(world.client(who), "post", f"{API}/{resource}/", body)
    assert answer.status_code == (201 if who in (*MAY_CREATE[resource], "superuser") else 403), answer.content


@pytest.mark.parametrize("resource", MAY_CREATE)
def test_a_capability_in_one_team_is_none_in_the_next(world, resource):
    """Both teams are seen, one is managed."""
    make_member(world.other.team, world.people["owner"], "reviewer")
    world.other.budget.delete()
    before = everything()
    answer = ask(world.client("owner"), "post", f"{API}/{resource}/", new_bodies(world.other)[resource])
    assert answer.status_code == 403
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
@pytest.mark.parametrize("resource", CHANGES)
def test_who_may_change_what(world, resource, who):
    may, change = CHANGES[resource]
    pk = id_in(world.mine, resource)
    if resource in HIDDEN_FROM.get(who, ()):
        assert ask(world.client(who), "patch", f"{API}/{resource}/{pk}/", change).status_code == 404
        return
    if resource == "memberships":
        pk = Membership.objects.get(user=world.people["viewer"]).pk
    answer = ask(world.client(who), "patch", f"{API}/{resource}/{pk}/", change)
    assert answer.status_code == (200 if who in (*may, "superuser") else 403), answer.content
    assert LogEntry.objects.count() == (answer.status_code == 200)


@pytest.mark.parametrize("resource", ["applications", "memberships", "budgets"])
def test_nothing_moves_to_another_team(world, resource):
    url = f"{API}/{resource}/{id_in(world.mine, resource)}/"
    before = everything()
    for who in ("owner", "superuser"):
        assert ask(world.client(who), "patch", url, {"team": world.other.team.pk}).status_code == 400
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_who_may_end_a_key(world, verb, who):
    answer = ask(world.client(who), "post", f"{API}/api-keys/{world.mine.api_key.pk}/{verb}/", {})
    may = who in (*MANAGES_KEYS, "superuser")
    assert answer.status_code == ({"rotate": 201, "revoke": 200}[verb] if may else 403)
    world.mine.api_key.refresh_from_db()
    assert (world.mine.api_key.revoked_at is not None) == (may and verb == "revoke")


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
def test_teams_are_made_by_superusers(world, who):
    body = {"name": "New"}
    assert ask(world.client(who), "post", f"{API}/teams/", body).status_code == 403
    assert ask(world.client("superuser"), "post", f"{API}/teams/", body).status_code == 201


@pytest.mark.parametrize(
    ("who", "was", "becomes", "status"),
    [
        ("admin", "viewer", "admin", 200),
        ("admin", "viewer", "owner", 403),
        ("admin", "owner", "viewer", 403),
        ("owner", "viewer", "owner", 200),
        ("owner", "owner", "viewer", 200),
    ],
)
def test_owners_are_made_and_unmade_by_owners(world, who, was, becomes, status):
    membership = Membership.objects.get(user=world.people["viewer"])
    Membership.objects.filter(pk=membership.pk).update(role=was)
    url = f"{API}/memberships/{membership.pk}/"
    assert ask(world.client(who), "patch", url, {"role": becomes}).status_code == status
    membership.refresh_from_db()
    assert membership.role == (becomes if status == 200 else was)


@pytest.mark.parametrize(
    ("who", "role", "status"), [("admin", "viewer", 204), ("admin", "owner", 403), ("viewer", "viewer", 403)]
)
def test_who_may_remove_a_member(world, who, role, status):
    membership = Membership.objects.get(user=world.people["reviewer"])
    Membership.objects.filter(pk=membership.pk).update(role=role)
    assert ask(world.client(who), "delete", f"{API}/memberships/{membership.pk}/").status_code == status
    assert Membership.objects.filter(pk=membership.pk).exists() == (status != 204)


def test_an_admin_adds_no_owner(world):
    body = {**new_bodies(world.mine)["memberships"], "role": "owner"}
    assert ask(world.client("admin"), "post", f"{API}/memberships/", body).status_code == 403
    assert ask(world.client("owner"), "post", f"{API}/memberships/", body).status_code == 201


@pytest.mark.parametrize(("method", "path"), ALL)
def test_only_active_people_come_in(world, method, path):
    url = at(path, 1)
    assert ask(Client(), method, url, {}).status_code == 403
    inactive = world.client("superuser")
    User.objects.filter(pk=world.superuser.pk).update(is_active=False)
    assert ask(inactive, method, url, {}).status_code == 403


@pytest.mark.parametrize(("method", "path"), [each for each in ALL if each[0] != "get"])
def test_a_write_without_the_csrf_token_is_refused(world, method, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.superuser)
    answer = ask(client, method, at(path, 1), {})
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_a_call_of_no_team_is_for_superusers(world):
    call = make_call(None, None)
    assert str(call.pk) not in ids(world.client("owner"), "calls")
    assert world.client("owner").get(f"{API}/calls/{call.pk}/").status_code == 404
    assert world.client("superuser").get(f"{API}/calls/{call.pk}/").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_nobody_changes_calls(world, method):
    for url in (f"{API}/calls/", f"{API}/calls/{world.mine.call.pk}/"):
        assert ask(world.client("superuser"), method, url, {}).status_code == 405
