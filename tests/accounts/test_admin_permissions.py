"""Who sees and does what in the admin: every page of the wrong team, by its URL, to read and to write."""

import pytest
from django.urls import reverse

from accounts.models import ApiKey, Application, Team, User
from gateway.catalogue.models import Price, Route
from governance.limits.models import Budget
from governance.records.models import AuditRecord
from tests.accounts.factories import make_person
from tests.world import ROLES

pytestmark = pytest.mark.django_db
ERASING = {"which": "all", "reason": "No reason", "confirm": "Other"}
NOT_LET_IN = {302, 403, 404}


def pages_of(team) -> list[str]:
    """Every URL there is of one team's objects."""
    objects = (team.team, team.application, team.api_key, team.budget, team.call)
    names = [
        reverse(f"admin:{each._meta.app_label}_{each._meta.model_name}_{page}", args=[each.pk])
        for each in objects
        for page in ("change", "delete", "history")
    ]
    actions = [
        reverse(f"admin:accounts_apikey_{action}", args=[team.api_key.pk]) for action in ("rotate", "revoke")
    ]
    key = team.team.data_keys.get()
    keys = [
        reverse(f"admin:governance_teamkey_{page}", args=[key.pk]) for page in ("change", "rotate", "erase")
    ]
    known = team.team.known_people.get()
    keys += [
        reverse(f"admin:governance_knownperson_{page}", args=[known.pk])
        for page in ("change", "delete", "history")
    ]
    feedback = team.team.feedback.get()
    keys += [
        reverse(f"admin:governance_feedback_{page}", args=[feedback.pk])
        for page in ("change", "delete", "history")
    ]
    raw = reverse("admin:governance_auditrecord_raw", args=[team.call.pk])
    return [*names, *actions, *keys, raw]


LISTS = [
    "accounts_team", "accounts_application", "accounts_apikey", "accounts_user", "governance_budget",
    "governance_auditrecord", "governance_teamkey", "governance_knownperson", "governance_rawaccess", "governance_feedback",
    "gateway_model", "gateway_deployment", "gateway_price", "gateway_route",
]  # fmt: skip


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_pages_of_another_team_stay_closed(world, role):
    client = world.client(role)
    for url in pages_of(world.other):
        for answer in (
            client.get(url),
            client.post(url, {"post": "yes", "overlap_hours": "24", "name": "stolen", **ERASING}),
        ):
            assert answer.status_code in NOT_LET_IN, url
    world.other.api_key.refresh_from_db()
    assert world.other.api_key.revoked_at is None
    assert world.other.api_key.expires_at is None
    assert ApiKey.objects.count() == 2
    assert world.other.team.data_keys.get().is_live
    assert not Team.objects.filter(name="stolen").exists()
    assert Budget.objects.count() == 2


@pytest.mark.parametrize("role", [*ROLES, "nobody", "superuser"])
def test_lists_show_what_is_one_s_own(world, role):
    client = world.client(role)
    for name in LISTS:
        answer = client.get(reverse(f"admin:{name}_changelist"))
        assert answer.status_code == 200, name
        if name.startswith("gateway"):
            continue
        text = answer.content.decode()
        assert ("Other" in text) == (role == "superuser" and name != "accounts_user"), name


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_who_only_looks_cannot_write(world, role):
    client = world.client(role)
    mine = world.mine
    for url in pages_of(mine):
        if url.endswith("/history/"):
            continue  # only ever read
        answer = client.post(url, {"post": "yes", "overlap_hours": "24", "name": "changed", **ERASING})
        assert answer.status_code in NOT_LET_IN, url
    for name in ("team", "application", "apikey", "user"):
        assert client.get(reverse(f"admin:accounts_{name}_add")).status_code in NOT_LET_IN
    assert client.get(reverse("admin:governance_budget_add")).status_code in NOT_LET_IN
    mine.api_key.refresh_from_db()
    assert mine.api_key.revoked_at is None


def test_nobody_changes_calls(world):
    client = world.client("superuser")
    url = reverse("admin:governance_auditrecord_change", args=[world.mine.call.pk])
    assert client.post(url, {"status": "failed"}).status_code == 403
    assert client.get(reverse("admin:governance_auditrecord_add")).status_code == 403
    delete = reverse("admin:governance_auditrecord_delete", args=[world.mine.call.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert AuditRecord.objects.count() == 2


@pytest.mark.parametrize("role", ["owner", "admin", "developer"])
def test_a_form_takes_no_other_team_s_application(world, role):
    client = world.client(role)
    page = client.get(reverse("admin:accounts_apikey_add")).content.decode()
    assert "Mine app" in page
    assert "Other app" not in page
    answer = client.post(
        reverse("admin:accounts_apikey_add"), {"application": world.other.application.pk, "name": "mine now"}
    )
    assert answer.status_code == 200
    assert "valid choice" in answer.content.decode()
    assert ApiKey.objects.count() == 2


def test_an_application_is_made_in_one_s_own_team_and_stays_there(world):
    client = world.client("developer")
    add = reverse("admin:accounts_application_add")
    client.post(add, {"team": world.other.team.pk, "name": "intruder", "is_active": "on"})
    assert not Application.objects.filter(name="intruder").exists()
    client.post(add, {"team": world.mine.team.pk, "name": "allowed", "is_active": "on"})
    assert Application.objects.get(name="allowed").team == world.mine.team
    change = reverse("admin:accounts_application_change", args=[world.mine.application.pk])
    client.post(change, {"team": world.other.team.pk, "name": "renamed", "is_active": "on"})
    world.mine.application.refresh_from_db()
    assert (world.mine.application.name, world.mine.application.team) == ("renamed", world.mine.team)


def test_a_budget_is_for_one_s_own_team(world):
    Budget.objects.all().delete()
    add = reverse("admin:governance_budget_add")
    fields = {"limit_nanos": "10", "period": "month", "time_zone": "UTC"}
    world.client("owner").post(add, {**fields, "team": world.other.team.pk})
    assert not Budget.objects.exists()
    assert world.client("developer").post(add, {**fields, "team": world.mine.team.pk}).status_code == 403
    world.client("admin").post(add, {**fields, "team": world.mine.team.pk})
    assert Budget.objects.get().limit_nanos == 10_000_000_000


def test_bulk_revocation_leaves_other_teams_alone(world):
    answer = world.client("developer").post(
        reverse("admin:accounts_apikey_changelist"),
        {"action": "revoke_selected", "confirmed": "yes", "_selected_action": [world.other.api_key.pk]},
    )
    assert answer.status_code in {200, 302}
    world.other.api_key.refresh_from_db()
    assert world.other.api_key.revoked_at is None


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_catalogue_is_read_by_all_and_changed_by_superusers(world, role):
    client = world.client(role)
    price = Price.objects.get()
    urls = [
        reverse("admin:gateway_route_change", args=[world.route.pk]),
        reverse("admin:gateway_price_change", args=[price.pk]),
    ]
    for url in urls:
        assert client.get(url).status_code == 200
        assert client.post(url, {"name": "taken", "input_rate": "0"}).status_code == 403
    for name in ("model", "deployment", "price", "route"):
        assert client.get(reverse(f"admin:gateway_{name}_add")).status_code == 403
    assert (
        client.post(reverse("admin:gateway_route_delete", args=[world.route.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert Route.objects.get().name == "nova-lite"


@pytest.mark.parametrize("role", ROLES)
def test_nobody_makes_themselves_superuser(world, role):
    client = world.client(role)
    me = world.people[role]
    url = reverse("admin:accounts_user_change", args=[me.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"email": me.email, "is_superuser": "on", "is_active": "on"}).status_code == 403
    root = reverse("admin:auth_user_password_change", args=[world.superuser.pk])
    assert client.post(root, {"password1": "x", "password2": "x"}).status_code in NOT_LET_IN
    me.refresh_from_db()
    assert me.is_superuser is False
    assert (
        client.get(reverse("admin:accounts_user_change", args=[world.superuser.pk])).status_code in NOT_LET_IN
    )


def test_people_see_their_colleagues_only(world):
    make_person("stranger", team=world.other.team, role="owner")
    page = world.client("owner").get(reverse("admin:accounts_user_changelist")).content.decode()
    assert "viewer@example.com" in page
    assert "stranger@example.com" not in page
    assert "root@example.com" not in page


@pytest.mark.parametrize("who", ["anonymous", "inactive"])
def test_only_active_people_come_in(world, who, client):
    if who == "inactive":
        User.objects.filter(email="viewer@example.com").update(is_active=False)
        client.force_login(world.people["viewer"])
    for url in [reverse("admin:index"), *pages_of(world.mine)]:
        answer = client.get(url)
        assert answer.status_code == 302
        assert "/login/" in answer["Location"]


def test_filters_offer_one_s_own_teams(world):
    client = world.client("viewer")
    for name in ("accounts_apikey", "governance_auditrecord", "accounts_application"):
        url = reverse(f"admin:{name}_changelist")
        assert "Other" not in client.get(url).content.decode()
        answer = client.get(url, {"team": world.other.team.pk})
        assert "Other app" not in answer.content.decode()
