"""API keys in the admin: made, rotated, revoked; their text is on one page, once."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts.models import ApiKey
from accounts.policy import key_text
from kernel.clock import utc_now

pytestmark = pytest.mark.django_db


def add(world, role="developer", **fields):
    values = {"application": world.mine.application.pk, "name": "staging", **fields}
    return world.client(role).post(reverse("admin:accounts_apikey_add"), values)


def shown_key(answer) -> str:
    text = answer.context["key_text"]
    assert text in answer.content.decode()
    return text


def test_a_new_key_is_shown_once_and_kept_as_a_hash(world, caplog):
    client = world.client("developer")
    fields = {
        "application": world.mine.application.pk, "name": "staging",
        "allowed_models": "nova-lite, nova-lite", "allowed_networks": "10.0.0.0/8, 2001:db8::1",
    }  # fmt: skip
    answer = client.post(reverse("admin:accounts_apikey_add"), fields)
    text = shown_key(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    made = ApiKey.objects.get(name="staging")
    assert key_text.matches(text, bytes(made.secret_hash))
    assert made.created_by == world.people["developer"]
    assert made.allowed_models == ["nova-lite"]
    assert made.allowed_networks == ["10.0.0.0/8", "2001:db8::1/128"]
    secret = text.split("_")[2]
    later = client.get(reverse("admin:accounts_apikey_change", args=[made.pk])).content.decode()
    assert secret not in later
    assert secret not in client.get(reverse("admin:index")).content.decode()
    assert secret not in str(answer.cookies) + caplog.text
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())
    assert all(secret not in entry.change_message + entry.object_repr for entry in LogEntry.objects.all())
    assert LogEntry.objects.get().user == world.people["developer"]


def test_the_page_of_a_new_key_says_how_to_call(world):
    page = add(world, allowed_models="nova-lite").content.decode()
    assert "/v1/chat/completions" in page
    assert "/bedrock" in page
    assert "nova-lite" in page


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("allowed_networks", "10.0.0.1/8", "Did you mean 10.0.0.0/8?"),
        ("allowed_networks", "office", "is not a network"),
        ("allowed_models", "nova-light", "no route named"),
        ("expires_at_0", "2020-01-01", "This moment has passed"),
    ],
)
def test_wrong_limits_are_named(world, field, value, says):
    fields = {field: value, "expires_at_1": "00:00"} if field.startswith("expires") else {field: value}
    answer = add(world, **fields)
    assert says in answer.content.decode()
    assert ApiKey.objects.count() == 2


def test_rotating_overlaps(world):
    url = reverse("admin:accounts_apikey_rotate", args=[world.mine.api_key.pk])
    client = world.client("developer")
    assert client.get(url).status_code == 200
    assert ApiKey.objects.count() == 2
    answer = client.post(url, {"overlap_hours": "1"})
    new = ApiKey.objects.get(rotated_from=world.mine.api_key)
    assert key_text.matches(shown_key(answer), bytes(new.secret_hash))
    world.mine.api_key.refresh_from_db()
    left = world.mine.api_key.expires_at - utc_now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_rotating_asks_for_a_listed_overlap(world):
    url = reverse("admin:accounts_apikey_rotate", args=[world.mine.api_key.pk])
    assert "valid choice" in world.client("owner").post(url, {"overlap_hours": "99999"}).content.decode()
    assert ApiKey.objects.count() == 2


def test_revoking_asks_first_and_is_final(world):
    url = reverse("admin:accounts_apikey_revoke", args=[world.mine.api_key.pk])
    client = world.client("developer")
    assert client.get(url).status_code == 200
    world.mine.api_key.refresh_from_db()
    assert world.mine.api_key.revoked_at is None
    client.post(url)
    world.mine.api_key.refresh_from_db()
    assert world.mine.api_key.revoked_at is not None
    rotate = reverse("admin:accounts_apikey_rotate", args=[world.mine.api_key.pk])
    assert client.post(rotate, {"overlap_hours": "1"}).status_code == 403
    change = reverse("admin:accounts_apikey_change", args=[world.mine.api_key.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"name": "again"}).status_code == 403


def test_an_expired_key_is_not_rotated(world):
    ApiKey.objects.filter(pk=world.mine.api_key.pk).update(expires_at=utc_now() - timedelta(hours=1))
    url = reverse("admin:accounts_apikey_rotate", args=[world.mine.api_key.pk])
    answer = world.client("developer").post(url, {"overlap_hours": "1"}, follow=True)
    assert "create a new key instead" in answer.content.decode()
    assert ApiKey.objects.count() == 2


def test_selected_keys_are_revoked_after_a_confirmation(world):
    url = reverse("admin:accounts_apikey_changelist")
    client = world.client("superuser")
    chosen = {
        "action": "revoke_selected",
        "_selected_action": [world.mine.api_key.pk, world.other.api_key.pk],
    }
    assert "Revoke 2 keys" in client.post(url, chosen).content.decode()
    assert not ApiKey.objects.filter(revoked_at__isnull=False).exists()
    client.post(url, {**chosen, "confirmed": "yes"})
    assert ApiKey.objects.filter(revoked_at__isnull=False).count() == 2


def test_changing_a_key_writes_only_what_changed(world):
    url = reverse("admin:accounts_apikey_change", args=[world.mine.api_key.pk])
    world.client("developer").post(url, {"name": "renamed", "allowed_networks": "192.0.2.0/24"})
    world.mine.api_key.refresh_from_db()
    assert world.mine.api_key.name == "renamed"
    assert world.mine.api_key.allowed_networks == ["192.0.2.0/24"]
    assert world.mine.api_key.application == world.mine.application
