"""Teams and people in the admin: who may add whom, and as what."""

import pytest
from django.urls import reverse

from accounts.models import Membership, Role, Team, User
from tests.accounts.factories import make_member, make_person

pytestmark = pytest.mark.django_db


def post_team(world, who, *, new=(), changed=None, deleted=()):
    """Saves the page of my team with rows added, roles changed and members removed."""
    members = list(Membership.objects.filter(team=world.mine.team))
    fields = {
        "name": "Mine", "description": "",
        "memberships-TOTAL_FORMS": len(members) + len(new), "memberships-INITIAL_FORMS": len(members),
        "memberships-MIN_NUM_FORMS": 0, "memberships-MAX_NUM_FORMS": 1000,
        "applications-TOTAL_FORMS": 0, "applications-INITIAL_FORMS": 0,
        "applications-MIN_NUM_FORMS": 0, "applications-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for index, member in enumerate(members):
        fields |= {
            f"memberships-{index}-id": member.pk,
            f"memberships-{index}-team": world.mine.team.pk,
            f"memberships-{index}-role": (changed or {}).get(member.address, member.role),
        }
        if member.address in deleted:
            fields[f"memberships-{index}-DELETE"] = "on"
    for index, (email, role) in enumerate(new, start=len(members)):
        fields |= {f"memberships-{index}-email": email, f"memberships-{index}-role": role}
    return world.client(who).post(reverse("admin:accounts_team_change", args=[world.mine.team.pk]), fields)


def role_of(world, email):
    member = Membership.objects.filter(team=world.mine.team, user__email=email).first()
    return member and member.role


def waiting_role(world, email):
    member = Membership.objects.filter(team=world.mine.team, user=None, waits_for=email).first()
    return member and member.role


def test_an_admin_adds_a_developer_by_address(world):
    answer = post_team(world, "admin", new=[("NOBODY@example.com", Role.DEVELOPER)])
    assert answer.status_code == 302
    assert role_of(world, "nobody@example.com") is None
    world.client("nobody")
    assert role_of(world, "nobody@example.com") == Role.DEVELOPER


@pytest.mark.parametrize("is_active", [True, False])
def test_a_page_tells_nobody_who_has_an_account(world, is_active):
    """Not of one that is there, nor of one that was: the answers are the same but for the address."""
    make_person("someone", is_active=is_active)
    pages = []
    for name in ("someone", "missing"):
        answer = post_team(world, "owner", new=[(f"{name}@example.com", Role.VIEWER)])
        assert (answer.status_code, waiting_role(world, f"{name}@example.com")) == (302, Role.VIEWER)
        page = world.client("owner").get(reverse("admin:accounts_team_change", args=[world.mine.team.pk]))
        pages.append(page.content.decode().split("memberships-group")[1].count("Waits for the next sign-in"))
        people = world.client("owner").get(reverse("admin:accounts_user_changelist")).content.decode()
        assert f"{name}@example.com" not in people
        again = post_team(world, "owner", new=[(f"{name}@example.com", Role.ADMIN)])
        assert "in the list twice" in again.content.decode()
        Membership.objects.filter(waits_for=f"{name}@example.com").delete()
    assert pages == [1, 1]


def test_nobody_is_in_a_team_twice(world):
    answer = post_team(world, "owner", new=[("viewer@example.com", Role.ADMIN)])
    assert "in the list twice" in answer.content.decode()
    assert role_of(world, "viewer@example.com") == Role.VIEWER


@pytest.mark.parametrize(
    "attempt",
    [
        {"new": [("nobody@example.com", Role.OWNER)]},
        {"changed": {"admin@example.com": Role.OWNER}},
        {"changed": {"owner@example.com": Role.VIEWER}},
        {"deleted": ["owner@example.com"]},
    ],
)
def test_owners_are_made_and_unmade_by_owners_only(world, attempt):
    before = set(Membership.objects.values_list("user_id", "role"))
    answer = post_team(world, "admin", **attempt)
    assert "Only an owner" in answer.content.decode()
    assert set(Membership.objects.values_list("user_id", "role")) == before
    assert post_team(world, "owner", **attempt).status_code == 302
    assert set(Membership.objects.values_list("user_id", "role")) != before


@pytest.mark.parametrize("who", ["developer", "reviewer", "viewer", "nobody"])
def test_others_do_not_change_the_team(world, who):
    answer = post_team(world, who, changed={"viewer@example.com": Role.ADMIN})
    assert answer.status_code in {302, 403, 404}
    assert role_of(world, "viewer@example.com") == Role.VIEWER


def test_rows_of_another_team_cannot_be_slipped_in(world):
    stranger = make_person("stranger")
    foreign = make_member(world.other.team, stranger, Role.VIEWER)
    url = reverse("admin:accounts_team_change", args=[world.mine.team.pk])
    fields = {
        "name": "Mine", "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": foreign.pk, "memberships-0-team": world.other.team.pk, "memberships-0-role": Role.OWNER,
        "applications-TOTAL_FORMS": 0, "applications-INITIAL_FORMS": 0,
    }  # fmt: skip
    world.client("owner").post(url, fields)
    foreign.refresh_from_db()
    assert (foreign.role, foreign.team) == (Role.VIEWER, world.other.team)


def test_a_superuser_makes_a_team_and_goes_on_to_its_page(world):
    answer = world.client("superuser").post(
        reverse("admin:accounts_team_add"), {"name": "New", "description": "", "weight": 1}
    )
    team = Team.objects.get(name="New")
    assert answer["Location"] == reverse("admin:accounts_team_change", args=[team.pk])


def test_a_team_with_applications_stays(world):
    url = reverse("admin:accounts_team_delete", args=[world.mine.team.pk])
    assert world.client("superuser").post(url, {"post": "yes"}).status_code == 403
    assert Team.objects.filter(pk=world.mine.team.pk).exists()


def test_a_superuser_adds_a_person(world):
    fields = {
        "email": "New.Person@example.com", "name": "", "usable_password": "true",
        "password1": "a-long-enough-one", "password2": "a-long-enough-one",
    }  # fmt: skip
    world.client("superuser").post(reverse("admin:accounts_user_add"), fields)
    assert User.objects.get(email="new.person@example.com").check_password("a-long-enough-one")
    again = world.client("superuser").post(reverse("admin:accounts_user_add"), fields)
    assert "is here already" in again.content.decode()


def test_a_superuser_cannot_lock_themselves_out(world):
    url = reverse("admin:accounts_user_change", args=[world.superuser.pk])
    fields = {
        "email": world.superuser.email, "name": "Root",
        "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = world.client("superuser").post(url, fields)
    assert "You cannot take this from yourself" in answer.content.decode()
    world.superuser.refresh_from_db()
    assert world.superuser.is_superuser
    assert world.superuser.is_active


def test_people_change_their_own_password(world):
    user = world.people["viewer"]
    user.set_password("the-old-password-1")
    user.save()
    fields = {
        "old_password": "the-old-password-1", "new_password1": "the-new-password-2",
        "new_password2": "the-new-password-2",
    }  # fmt: skip
    client = world.client("viewer")
    assert client.get(reverse("admin:password_change")).status_code == 200
    client.post(reverse("admin:password_change"), fields)
    user.refresh_from_db()
    assert user.check_password("the-new-password-2")
