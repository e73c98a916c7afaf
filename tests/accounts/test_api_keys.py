"""API keys through the management API: shown once, rotated with an overlap, revoked for good."""

from datetime import timedelta

import pytest

from accounts.models import ApiKey
from accounts.policy import key_text
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask

pytestmark = pytest.mark.django_db
KEYS = f"{API}/api-keys/"


def test_a_key_is_shown_once(world):
    client = world.client("developer")
    expires = utc_now() + timedelta(days=90)
    body = {
        "application": world.mine.application.pk, "name": "ci", "allowed_models": ["nova-lite", "nova-lite"],
        "allowed_networks": ["10.0.0.0/8", "192.0.2.7"], "expires_at": expires.isoformat(),
    }  # fmt: skip
    answer = ask(client, "post", KEYS, body)
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()
    api_key = ApiKey.objects.get(pk=made["id"])
    assert key_text.matches(made["key"], bytes(api_key.secret_hash))
    assert made["key"].startswith(made["prefix"])
    assert (api_key.created_by, api_key.allowed_models) == (world.people["developer"], ["nova-lite"])
    assert api_key.allowed_networks == ["10.0.0.0/8", "192.0.2.7/32"]
    assert made["created_by"] == "The developer"
    for url in (KEYS, f"{KEYS}{made['id']}/"):
        again = client.get(url).content.decode()
        assert made["prefix"] in again
        assert made["key"].rsplit("_", 1)[1] not in again
        assert "secret_hash" not in again


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("application", 999_999, "does not exist"),
        ("application", 10**30, "does not exist"),
        ("application", None, "may not be null"),
        ("allowed_models", ["gpt-99"], "no route named"),
        ("allowed_networks", ["10.0.0.1/8"], "Did you mean 10.0.0.0/8"),
        ("allowed_networks", ["home"], "is not a network"),
        ("expires_at", "2020-01-01T00:00:00Z", "has passed"),
        ("name", "nul\x00", "Null characters"),
        ("name", "x" * 101, "no more than 100"),
    ],
)
def test_what_does_not_fit_is_named(world, field, value, words):
    body = {"application": world.mine.application.pk, field: value}
    answer = ask(world.client("owner"), "post", KEYS, body)
    assert answer.status_code == 400
    assert words in str(answer.json()[field])
    assert ApiKey.objects.count() == 2


def test_rotation_overlaps(world):
    old = world.mine.api_key
    answer = ask(world.client("developer"), "post", f"{KEYS}{old.pk}/rotate/", {"overlap_hours": 2})
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()
    assert made["rotated_from"] == old.pk
    assert key_text.matches(made["key"], bytes(ApiKey.objects.get(pk=made["id"]).secret_hash))
    old.refresh_from_db()
    assert abs(old.expires_at - utc_now() - timedelta(hours=2)) < timedelta(minutes=1)


@pytest.mark.parametrize("hours", [-1, 721, "soon", None, 1.5])
def test_an_overlap_that_cannot_be(world, hours):
    url = f"{KEYS}{world.mine.api_key.pk}/rotate/"
    assert ask(world.client("owner"), "post", url, {"overlap_hours": hours}).status_code == 400
    assert ApiKey.objects.count() == 2


def test_revoking_is_for_good(world):
    client, url = world.client("developer"), f"{KEYS}{world.mine.api_key.pk}/"
    first = ask(client, "post", url + "revoke/")
    assert first.status_code == 200
    assert first.json()["revoked_at"] is not None
    assert ask(client, "post", url + "revoke/").json() == first.json()
    late = ask(client, "post", url + "rotate/", {})
    assert late.status_code == 409
    assert "revoked or expired" in late.json()["detail"]


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_a_key_is_changed_in_no_other_way(world, method):
    answer = ask(world.client("superuser"), method, f"{KEYS}{world.mine.api_key.pk}/", {"name": "x"})
    assert answer.status_code == 405
