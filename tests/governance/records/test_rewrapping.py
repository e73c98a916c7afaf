"""Another master key, or KMS: every key opens before, while and after, and nothing that is derived changes."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from accounts import services
from accounts.models import RootSecret
from accounts.services.internal_keys import internal_key
from accounts.services.root_secret import root_secret, wrapped_under
from governance.records.models import TeamKey
from governance.records.services import rewrapping
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import erase, live_key, open_key, rotate
from kernel.clock import utc_now
from tests.accounts.factories import make_person, make_team
from tests.governance.records.test_team_keys import kms, kms_server  # noqa: F401

pytestmark = pytest.mark.django_db

NEW = "another master key, long and random as well"


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    """As in a process that has just started: the row of another test's database is gone."""
    services.root_secret._root_secret.cache_clear()


@pytest.fixture
def keys() -> dict[int, bytes]:
    """Three keys of two teams, by their row, and a root secret, under the master key there has been."""
    root_secret()
    teams = make_team("One"), make_team("Two")
    for team in teams:
        live_key(team.pk)
    rotate(teams[0], now=utc_now())
    return {row.pk: open_key(row) for row in TeamKey.objects.all()}


def turn_to_new(settings: Any) -> None:
    settings.PREVIOUS_MASTER_KEY, settings.MASTER_KEY = settings.MASTER_KEY, NEW


def rewrap() -> str:
    out = StringIO()
    call_command("rewrap_keys", stdout=out)
    return out.getvalue()


def all_open(keys: dict[int, bytes]) -> bool:
    return {row.pk: open_key(row) for row in TeamKey.objects.filter(pk__in=keys)} == keys


def test_keys_open_before_while_and_after(keys, settings):
    old = settings.MASTER_KEY
    turn_to_new(settings)
    assert all_open(keys)
    assert "4 encrypted anew, 0 were already, 0 can't" in rewrap()
    assert all_open(keys)
    assert "0 encrypted anew, 4 were already" in rewrap()
    settings.PREVIOUS_MASTER_KEY = ""
    assert all_open(keys)
    settings.MASTER_KEY = old
    with pytest.raises(KeyUnavailableError, match="GATEHOUSE_PREVIOUS_MASTER_KEY"):
        open_key(TeamKey.objects.first())


def test_one_that_was_stopped_goes_on(keys, settings):
    turn_to_new(settings)
    steps = rewrapping.rewrap_all()
    assert [next(steps).outcome for _ in range(2)] == ["done", "done"]
    steps.close()
    assert all_open(keys)
    assert "2 encrypted anew, 2 were already" in rewrap()


def test_what_is_derived_stays(keys, settings):
    team = make_team("Three")
    before = root_secret(), internal_key(team)
    turn_to_new(settings)
    assert (root_secret(), internal_key(team)) == before
    rewrap()
    settings.PREVIOUS_MASTER_KEY = ""
    assert (root_secret(), internal_key(team)) == before
    assert wrapped_under() == "current"


def test_a_master_key_that_was_changed_without_the_old_one_is_refused(keys, settings):
    settings.MASTER_KEY = NEW
    with pytest.raises(KeyUnavailableError, match="made under another"):
        root_secret()


def test_which_was_the_first_is_not_guessed(settings):
    turn_to_new(settings)
    with pytest.raises(KeyUnavailableError, match="without GATEHOUSE_PREVIOUS_MASTER_KEY"):
        root_secret()
    assert not RootSecret.objects.exists()


def test_a_key_under_neither_is_named_and_left(keys, settings):
    settings.MASTER_KEY, old = "a third one, that nobody has any more", settings.MASTER_KEY
    stray = make_team("Stray")
    live_key(stray.pk)
    row = TeamKey.objects.get(team=stray)
    settings.MASTER_KEY = old
    turn_to_new(settings)
    out = StringIO()
    with pytest.raises(CommandError, match="left as they are"):
        call_command("rewrap_keys", stdout=out)
    assert f"failed  Key 1 of Stray (id {row.pk}): " in out.getvalue()
    assert "4 encrypted anew, 0 were already, 1 can't" in out.getvalue()
    assert bytes(TeamKey.objects.get(pk=row.pk).wrapped) == bytes(row.wrapped)
    assert all_open(keys)


def test_an_erased_key_stays_erased(keys, settings):
    first = TeamKey.objects.order_by("pk").first()
    before = bytes(first.wrapped)
    erase([first], by=make_person("owner"), reason="Contract ended", now=utc_now())
    turn_to_new(settings)
    assert "3 encrypted anew" in rewrap()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gatehouse_rewrap_team_key(%s, %s, 'local', '', %s)", [first.pk, before, b"bytes"]
        )
        assert cursor.fetchone() == (False,)
    assert TeamKey.objects.get(pk=first.pk).wrapped is None


@pytest.mark.parametrize("table", ["governance_teamkey SET wrapped", "accounts_rootsecret SET sealed"])
def test_the_way_is_open_only_while_a_key_is_rewrapped(keys, settings, table):
    turn_to_new(settings)
    rewrap()
    with pytest.raises(DatabaseError, match="only ever"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} = '\\x00'")


def test_the_root_secret_is_never_deleted(keys):
    with pytest.raises(DatabaseError, match="only ever"):
        RootSecret.objects.all().delete()


def test_to_kms_and_back(keys, settings, kms):  # noqa: F811
    arn = settings.KMS_KEY_ID
    assert "3 encrypted anew, 1 were already" in rewrap()
    assert set(TeamKey.objects.values_list("provider", "kms_key_id")) == {("kms", arn)}
    assert all_open(keys)
    kms.create_alias(AliasName="alias/gatehouse", TargetKeyId=arn)
    settings.KMS_KEY_ID = "alias/gatehouse"
    assert "0 encrypted anew" in rewrap()
    settings.KMS_KEY_ID = kms.create_key()["KeyMetadata"]["Arn"]
    assert "3 encrypted anew" in rewrap()
    settings.KMS_KEY_ID = ""
    assert "3 encrypted anew" in rewrap()
    assert all_open(keys)
    assert set(TeamKey.objects.values_list("provider", "kms_key_id")) == {("local", "")}
