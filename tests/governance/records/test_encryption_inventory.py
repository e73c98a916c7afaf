"""The page that says what is encrypted with what: right about each key, and for superusers alone."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts import services
from accounts.services.root_secret import root_secret
from governance.records.services.inventory import KINDS, inventory
from governance.records.services.team_keys import erase, live_key, rotate
from kernel.clock import utc_now
from tests.accounts.factories import make_team
from tests.services import ROOT
from tests.world import ROLES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    services.root_secret._root_secret.cache_clear()


def page() -> str:
    return reverse("admin:governance_teamkey_inventory")


def test_each_key_is_counted_under_what_opens_it(settings, django_user_model):
    root_secret()
    for name in ("One", "Two"):
        live_key(make_team(name).pk)
    gone = make_team("Three")
    live_key(gone.pk)
    user = django_user_model.objects.create_user(email="owner@example.com", password="long enough to pass")
    erase(gone.data_keys.all(), by=user, reason="Contract ended", now=utc_now())
    old, settings.MASTER_KEY = settings.MASTER_KEY, "another one, also long and random"
    settings.PREVIOUS_MASTER_KEY = old
    rotate(make_team("Four"), now=utc_now())
    found = inventory()
    by = {each.by: (each.keys, each.last) for each in found.wrappings}
    assert by == {"GATEHOUSE_PREVIOUS_MASTER_KEY": (2, None), "GATEHOUSE_MASTER_KEY": (1, None)}
    assert (found.erased, found.root, found.root_last) == (1, "GATEHOUSE_PREVIOUS_MASTER_KEY", None)
    call_command("rewrap_keys", verbosity=0)
    settings.PREVIOUS_MASTER_KEY = ""
    found = inventory()
    (one,) = found.wrappings
    assert (one.by, one.keys, one.last is not None) == ("GATEHOUSE_MASTER_KEY", 3, True)
    assert (found.root, found.root_last is not None) == ("GATEHOUSE_MASTER_KEY", True)
    settings.MASTER_KEY = old
    assert inventory().wrappings[0].by == inventory().root == "a master key that is not configured"


def test_superusers_see_it(world):
    text = world.client("superuser").get(page()).content.decode()
    assert "Names of people behind placeholders" in text
    assert "GATEHOUSE_MASTER_KEY" in text


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_nobody_else_does(world, role):
    client = world.client(role)
    assert client.get(page()).status_code in (302, 403)
    listed = client.get(reverse("admin:governance_teamkey_changelist"))
    assert page() not in listed.content.decode()


def test_the_documents_say_the_same():
    text = (ROOT / "docs/encryption.md").read_text()
    for kind in KINDS:
        assert f"| {kind.what} | {kind.protected_by} |" in text, kind.what
