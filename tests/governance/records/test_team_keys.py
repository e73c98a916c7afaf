"""Teams' keys: one that lives, made once whoever asks, under the master key or KMS, and erased for good."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import boto3
import pytest
from django.db import DatabaseError, connection
from moto.server import ThreadedMotoServer

from accounts.models import Team, User
from gateway.providers.bedrock.kms import KmsKeyWrapper
from governance.records.models import TeamKey
from governance.records.services import key_wrappers
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import KeyErasedError, erase, live_key, open_key, rotate
from kernel.clock import utc_now
from tests.accounts.factories import make_person, make_team
from tests.aws_environment import use_aws

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kms_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def kms(kms_server: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """A client of KMS, with a key in it that the settings name, and a wrapper that no other test has used."""
    use_aws(monkeypatch, {
        "AWS_ENDPOINT_URL_KMS": kms_server, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    })  # fmt: skip
    client = boto3.client("kms")
    settings.KMS_KEY_ID = client.create_key()["KeyMetadata"]["Arn"]
    wrapper = KmsKeyWrapper()
    monkeypatch.setitem(key_wrappers._factories, "kms", lambda: wrapper)
    yield client
    for each in (client, *wrapper._clients.values()):
        each.close()


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def owner() -> User:
    return make_person("owner")


def test_a_team_gets_one_key_and_keeps_it(team):
    first = live_key(team.pk)
    assert len(first.key) == 32
    assert live_key(team.pk) == first
    row = TeamKey.objects.get()
    assert (row.provider, row.generation, row.is_live) == ("local", 1, True)
    assert first.key not in bytes(row.wrapped)
    assert first.key.hex() not in repr(first)
    assert live_key(make_team("Other").pk).key != first.key


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_key(team):
    barrier = Barrier(8)

    def ask(_: int) -> bytes:
        barrier.wait()
        try:
            return live_key(team.pk).key
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(ask, range(8)))
    assert len(keys) == 1
    assert TeamKey.objects.count() == 1


def test_kms_wraps_for_one_team_only(team, kms):
    key = live_key(team.pk)
    row = TeamKey.objects.get()
    assert row.provider == "kms"
    assert row.kms_key_id.startswith("arn:aws:kms:")
    assert key.key not in bytes(row.wrapped)
    context = {"gatehouse:team": str(team.public_id)}
    answer = kms.decrypt(KeyId=row.kms_key_id, CiphertextBlob=bytes(row.wrapped), EncryptionContext=context)
    assert answer["Plaintext"] == key.key
    assert open_key(row) == key.key
    row.team = make_team("Other")  # as if its row had been given to another
    with pytest.raises(KeyUnavailableError, match="AWS KMS answered InvalidCiphertext"):
        open_key(row)


def test_a_kms_key_that_can_t_be_used_says_so(team, kms, settings):
    settings.KMS_KEY_ID = settings.KMS_KEY_ID[:-4] + "0000"
    with pytest.raises(
        KeyUnavailableError, match=r"AWS KMS answered NotFound\w+. Check GATEHOUSE_KMS_KEY_ID"
    ):
        live_key(team.pk)
    assert not TeamKey.objects.exists()


def test_kms_that_is_away_says_so(team, kms, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    with pytest.raises(KeyUnavailableError, match="can't be reached"):
        live_key(team.pk)
    assert not TeamKey.objects.exists()


def test_keys_made_before_kms_was_switched_on_still_open(team, settings):
    old = live_key(team.pk)
    settings.KMS_KEY_ID = "alias/later"
    assert live_key(team.pk) == old


def test_the_master_key_and_the_team_both_matter(team, settings):
    live_key(team.pk)
    row = TeamKey.objects.get()
    row.team = make_team("Other")
    with pytest.raises(KeyUnavailableError):
        open_key(row)
    settings.MASTER_KEY = "another one, also long and random"
    with pytest.raises(KeyUnavailableError, match="GATEHOUSE_MASTER_KEY"):
        open_key(TeamKey.objects.get())


def test_a_new_generation_leaves_the_old_one_readable(team):
    old = live_key(team.pk)
    made = rotate(team, now=utc_now())
    new = live_key(team.pk)
    assert (made.generation, new.generation) == (2, 2)
    assert new.key != old.key
    first = TeamKey.objects.get(generation=1)
    assert not first.is_live
    assert open_key(first) == old.key


def test_an_erased_key_is_gone_and_a_new_one_takes_over(team, owner):
    old = live_key(team.pk)
    row = TeamKey.objects.get()
    (erased,) = erase([row], by=owner, reason="Contract ended", now=utc_now())
    assert (erased.wrapped, erased.erased_by_email, erased.erased_reason) == (
        None,
        "owner@example.com",
        "Contract ended",
    )
    with pytest.raises(KeyErasedError):
        open_key(erased)
    assert erase([row], by=owner, reason="Again", now=utc_now()) == []
    assert TeamKey.objects.get().erased_reason == "Contract ended"
    new = live_key(team.pk)
    assert (new.generation, new.key != old.key) == (2, True)


@pytest.mark.parametrize(
    "change",
    [
        "wrapped = '\\x00'", "erased_at = NULL", "erased_reason = 'another'", "wrapped = '\\x00', erased_at = NULL",
        "team_id = 0", "generation = 7",
    ],
)  # fmt: skip
def test_nothing_undoes_an_erasure(team, owner, change):
    live_key(team.pk)
    erase(TeamKey.objects.all(), by=owner, reason="Contract ended", now=utc_now())
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE governance_teamkey SET {change}")


def test_the_bytes_of_a_key_are_never_replaced(team):
    live_key(team.pk)
    with pytest.raises(DatabaseError, match="only ever erased"), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_teamkey SET wrapped = '\\x00'")


def test_who_erased_may_leave(team, owner):
    live_key(team.pk)
    erase(TeamKey.objects.all(), by=owner, reason="Contract ended", now=utc_now())
    owner.delete()
    assert TeamKey.objects.get().erased_by_email == "owner@example.com"
