"""Set-up pages: who sees which, the key that is shown once, and the wait for the first call."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse

from accounts.models import ApiKey
from accounts.policy.clients import CLIENTS
from accounts.services.api_keys import create_key
from kernel.clock import utc_now
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.governance.records.factories import make_call
from tests.world import ROLES

pytestmark = pytest.mark.django_db
ANY = "admin:accounts_apikey_set_up_any"


def of_key(page: str, team) -> str:
    return reverse(f"admin:accounts_apikey_{page}", args=[team.api_key.pk])


def wait(world, since, role="viewer", team=None):
    url = of_key("first-call", team or world.mine)
    return world.client(role).get(f"{url}?since={quote(since.isoformat())}")


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_whoever_sees_a_key_sees_its_lines_without_its_text(world, role, settings):
    settings.PUBLIC_URL = "https://gate.example"
    answer = world.client(role).get(of_key("set_up", world.mine))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "https://gate.example/v1" in page
    assert world.mine.api_key.prefix in page
    assert world.mine.key_text not in page
    assert all(f'id="client-{client.slug}"' in page for client in CLIENTS)


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_another_team_s_key_and_application_are_not_there(world, role):
    client = world.client(role)
    application = reverse("admin:accounts_application_set_up", args=[world.other.application.pk])
    for url in (of_key("set_up", world.other), of_key("first-call", world.other), application):
        assert client.get(url).status_code == 404, url


def test_gatehouse_s_own_keys_are_not_there(world):
    own = world.mine.team.applications.create(name="Gatehouse", is_internal=True)
    key = create_key(application=own).api_key
    client = world.client("superuser")
    assert client.get(reverse("admin:accounts_apikey_set_up", args=[key.pk])).status_code == 404
    for url in (reverse("admin:accounts_application_set_up", args=[own.pk]), reverse(ANY)):
        assert key.prefix not in client.get(url).content.decode()


def test_a_new_key_is_in_its_lines_once(world):
    client = world.client("developer")
    fields = {"application": world.mine.application.pk, "name": "mine"}
    answer = client.post(reverse("admin:accounts_apikey_add"), fields)
    key = ApiKey.objects.get(name="mine")
    secret = answer.context["key_text"].split("_")[2]
    assert answer.content.decode().count(secret) > len(CLIENTS)
    assert "no-store" in answer.headers["Cache-Control"]
    for url in (reverse("admin:accounts_apikey_set_up", args=[key.pk]), reverse(ANY)):
        page = client.get(url).content.decode()
        assert key.prefix in page
        assert secret not in page


def test_models_are_those_that_the_key_may_call_and_that_answer(world):
    make_route("titan-embed", make_deployment(make_model("amazon.titan-embed", kind="embedding")))
    make_route("claude-haiku-4-5", make_deployment(make_model("anthropic.claude-haiku-4-5")))

    def models() -> list[str]:
        return world.client("viewer").get(of_key("set_up", world.mine)).context["models"]

    assert models() == ["claude-haiku-4-5", "nova-lite"]
    ApiKey.objects.filter(pk=world.mine.api_key.pk).update(
        allowed_models=["titan-embed", "nova-lite", "prompt/tone"]
    )
    assert models() == ["nova-lite", "prompt/tone"]


def test_names_are_escaped(world):
    ApiKey.objects.filter(pk=world.mine.api_key.pk).update(
        name="<b>x</b>", allowed_models=['"><script>alert(1)</script>']
    )
    client = world.client("viewer")
    for url in (of_key("set_up", world.mine), reverse(ANY)):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "<b>x</b>" not in page


def test_pages_lead_to_it(world):
    client = world.client("developer")
    key, application = world.mine.api_key, world.mine.application
    for url, link in (
        (reverse("admin:index"), reverse(ANY)),
        (of_key("change", world.mine), of_key("set_up", world.mine)),
        (reverse("admin:accounts_application_change", args=[application.pk]), "/set-up/"),
        (reverse("admin:accounts_application_set_up", args=[application.pk]), of_key("set_up", world.mine)),
        (reverse(ANY), of_key("set_up", world.mine)),
    ):
        assert link in client.get(url).content.decode(), url
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=utc_now())
    assert key.prefix not in client.get(reverse(ANY)).content.decode()


@pytest.mark.parametrize(("role", "is_offered"), [("developer", True), ("viewer", False)])
def test_a_key_is_offered_to_whoever_may_make_one(world, role, is_offered):
    page = world.client(role).get(reverse(ANY)).content.decode()
    assert ("Make a key" in page) is is_offered


def test_the_wait_ends_with_the_first_call_since(world):
    opened = utc_now()
    assert wait(world, opened).json() == {"came": False, "seen": False}
    ApiKey.objects.filter(pk=world.mine.api_key.pk).update(last_used_at=utc_now())
    assert wait(world, opened).json() == {"came": False, "seen": True}
    make_call(world.other.team, world.other.application, api_key=world.other.api_key)
    assert not wait(world, opened).json()["came"]
    call = make_call(
        world.mine.team,
        world.mine.application,
        api_key=world.mine.api_key,
        status="refused",
        code="unknown_model",
    )
    make_call(world.mine.team, world.mine.application, api_key=world.mine.api_key)
    answer = wait(world, opened)
    found = answer.json()
    assert (found["came"], found["is_answered"], found["code"]) == (True, False, "unknown_model")
    assert found["url"] == reverse("admin:governance_auditrecord_change", args=[call.pk])
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "since", ["", "yesterday", "2026-13-45T00:00:00Z", "2020-01-01T00:00:00Z", "2026-01-01T00:00:00"]
)
def test_the_wait_never_looks_back_for_long(world, since):
    long_ago = utc_now() - timedelta(hours=2)
    key = create_key(application=world.mine.application).api_key
    make_call(world.mine.team, world.mine.application, api_key=key, started_at=long_ago)
    url = reverse("admin:accounts_apikey_first-call", args=[key.pk])
    assert world.client("viewer").get(url, {"since": since}).json() == {"came": False, "seen": False}
