"""Accounts with providers beside Bedrock: who may have them, what becomes of their keys, and what they bring along."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Team
from gateway.catalogue.capability import Capability
from gateway.catalogue.direct import read_direct, taken_by
from gateway.catalogue.models import Deployment, Model, Price, ProviderAccount, Route
from gateway.catalogue.services.account_keys import key_of, set_key
from gateway.catalogue.services.catalog import load_catalog, read_catalog
from gateway.catalogue.services.direct import offer, offer_all
from gateway.catalogue.services.expiring_keys import warn_of_expiring
from gateway.snapshot.build import build_snapshot
from governance.alerts.models import Alert
from kernel.clock import utc_now
from kernel.money import dollars_to_nanos
from tests.accounts.api_resources import API, ask
from tests.gateway.catalogue.factories import make_model, make_route

pytestmark = pytest.mark.django_db

KEY = "sk-test-0123456789abcd"
URL = f"{API}/provider-accounts/"
BODY = {"name": "OpenAI", "provider": "openai", "key": KEY}


def make_account(provider="openai", **fields):
    account = ProviderAccount(name=fields.pop("name", provider), provider=provider, **fields)
    set_key(account, KEY)
    account.save()
    return account


class TestTheFile:
    def test_each_offer_is_of_a_model_and_priced(self):
        catalog = read_direct()
        known = {each.model_id: each for each in (*read_catalog().models, *catalog.models)}
        places = [(each.provider, each.invoke_id) for each in catalog.offers]
        assert len(places) == len(set(places))
        for each in catalog.offers:
            model = known[each.model_id]
            assert each.source.startswith("https://")
            assert each.context_window > 0
            assert (each.max_output_tokens > 0) is (model.kind == "text")
            assert each.prices[0].tier == ""
            for price in each.prices:
                rate = dollars_to_nanos(price.input)
                assert 0 < rate < 200 * 10**9
                assert price.cache_read is None or dollars_to_nanos(price.cache_read) < rate
                assert price.cache_write is None or dollars_to_nanos(price.cache_write) >= rate
                assert (price.request is not None) is (each.provider == "perplexity")

    def test_what_apis_take_are_facts_of_capabilities(self):
        for each in read_direct().takes:
            found = taken_by(
                each.provider, Capability(model_id=each.models[0].replace("*", "x")), invoke_id=""
            )
            assert found.provider == each.provider
            assert found.is_direct
            assert each.source


class TestKeys:
    def test_it_is_kept_encrypted_and_bound_to_its_account(self):
        account, other = make_account(), make_account(name="Other")
        assert KEY.encode() not in bytes(ProviderAccount.objects.get(pk=account.pk).sealed_key)
        assert (key_of(account), account.key_hint) == (KEY, "…abcd")
        other.sealed_key = account.sealed_key
        assert key_of(other) == ""
        other.sealed_key = b"short"
        assert key_of(other) == ""

    @pytest.mark.parametrize("wrong", ["", "short", "has a blank in it", "ümlaut-0123456789", "x" * 600])
    def test_what_is_no_key_is_refused(self, world, wrong):
        answer = ask(world.client("superuser"), "post", URL, BODY | {"key": wrong})
        assert answer.status_code == 400
        assert "key" in answer.json()


class TestTheApi:
    def test_only_superusers_come_near(self, world):
        account = make_account()
        for who in ("owner", "admin", "viewer", "nobody"):
            client = world.client(who)
            for method, url in (
                ("get", URL),
                ("post", URL),
                ("get", f"{URL}{account.pk}/"),
                ("post", f"{URL}{account.pk}/try/"),
                ("delete", f"{URL}{account.pk}/"),
            ):
                assert ask(client, method, url, BODY).status_code in (403, 404), (who, method, url)
        assert ProviderAccount.objects.count() == 1

    def test_the_key_is_written_and_never_read(self, world):
        client = world.client("superuser")
        made = ask(client, "post", URL, BODY)
        assert made.status_code == 201, made.content
        pk = made.json()["id"]
        other = ask(client, "patch", f"{URL}{pk}/", {"key": "sk-other-0123456789"})
        assert other.status_code == 200
        for answer in (made, other, client.get(URL), client.get(f"{URL}{pk}/")):
            assert KEY not in answer.content.decode()
            assert "sk-other" not in answer.content.decode()
        assert key_of(ProviderAccount.objects.get()) == "sk-other-0123456789"
        trail = " ".join(LogEntry.objects.values_list("change_message", flat=True))
        assert "sk-" not in trail
        assert "Changed through the API: key." in trail

    def test_what_can_t_be_is_said_by_field(self, world):
        client = world.client("superuser")
        for body, field in (
            ({"name": "A", "provider": "openai"}, "key"),
            (BODY | {"provider": "openai-compatible"}, "base_url"),
            (BODY | {"base_url": "https://10.0.0.1/v1"}, "base_url"),
            (BODY | {"base_url": "http://api.example.com"}, "base_url"),
            (BODY | {"provider": "acme"}, "provider"),
        ):
            answer = ask(client, "post", URL, body)
            assert answer.status_code == 400, body
            assert field in answer.json(), answer.content
        assert not ProviderAccount.objects.exists()

    def test_the_provider_is_given_once(self, world):
        account = make_account()
        answer = ask(world.client("superuser"), "patch", f"{URL}{account.pk}/", {"provider": "anthropic"})
        assert answer.status_code == 400

    def test_only_superusers_let_a_team_leave_aws(self, world):
        url, body = f"{API}/teams/{world.mine.team.pk}/", {"may_leave_aws": True}
        assert ask(world.client("owner"), "patch", url, body).status_code == 400
        assert not Team.objects.get(pk=world.mine.team.pk).may_leave_aws
        assert ask(world.client("superuser"), "patch", url, body).status_code == 200
        assert ask(world.client("owner"), "patch", url, {"may_leave_aws": False}).status_code == 200


class TestTheCatalogue:
    def test_an_account_brings_what_its_provider_offers(self):
        load_catalog(read_catalog())
        number = offer(account := make_account("anthropic"))
        assert number == len([each for each in read_direct().offers if each.provider == "anthropic"])
        found = Deployment.objects.get(provider_account=account, provider_model="claude-opus-5")
        assert (found.model.model_id, found.invoke_id, found.region) == (
            "anthropic.claude-opus-5",
            "claude-opus-5",
            "anthropic",
        )
        assert found.prices.get().input_rate == 5_000_000_000
        assert not Price.objects.filter(deployment=found, source="").exists()
        # No route that there was leads there by this.
        assert not Route.objects.filter(targets__deployment__provider_account=account).exists()
        assert offer(account) == offer_all() == 0

    def test_a_model_of_its_own_gets_a_route(self):
        assert offer(make_account("perplexity")) == 3
        route = Route.objects.get(name="sonar-pro")
        assert [target.deployment.provider_model for target in route.targets.all()] == ["sonar-pro"]
        assert Model.objects.get(model_id="perplexity.sonar").supports_tools is False

    def test_what_can_be_depends_on_who_is_asked(self):
        load_catalog(read_catalog())
        offer(account := make_account())
        make_route("both", Deployment.objects.get(provider_account=account, provider_model="gpt-6.1-sol"),
                   Deployment.objects.filter(model__model_id="openai.gpt-6.1-sol", provider_account=None).first())  # fmt: skip
        there, here = build_snapshot().routes["both"].deployments
        assert (there.account.key, there.account.provider, here.account) == (KEY, "openai", None)
        assert (there.capability.sampling, there.capability.provider) == ("none", "openai")
        assert (there.context_window, here.context_window) == (922_000, 1_000_000)
        assert KEY not in repr(there)
        ProviderAccount.objects.update(is_enabled=False)
        assert build_snapshot().routes["both"].deployments == (here,)

    def test_a_deployment_is_of_one_provider(self):
        model, account = make_model("acme.m", "M"), make_account()
        for fields, field in (
            ({"region": ""}, "region"),
            ({"region": "us-east-1", "provider_model": "x"}, "provider_model"),
            ({"provider_account": account}, "provider_model"),
            ({"provider_account": account, "provider_model": "x", "profile": "us"}, "profile"),
        ):
            with pytest.raises(ValidationError) as raised:
                Deployment(model=model, **fields).clean()
            assert field in raised.value.message_dict
        with pytest.raises(IntegrityError), transaction.atomic():
            Deployment.objects.create(model=model, region="us-east-1", provider_model="x")
        for _ in range(2):
            Deployment.objects.get_or_create(model=model, region="us-east-1")
        with pytest.raises(IntegrityError), transaction.atomic():
            Deployment.objects.create(model=model, region="us-east-1")


class TestThePages:
    def test_an_account_is_made_and_changed_without_its_key_being_shown(self, world):
        client = world.client("superuser")
        add = reverse("admin:gateway_provideraccount_add")
        form = {
            "name": "OpenAI",
            "provider": "openai",
            "base_url": "",
            "organisation": "",
            "is_enabled": "on",
            "key_expires_on": "",
        }
        assert b"Enter the key" in client.post(add, form | {"new_key": ""}).content
        answer = client.post(add, form | {"new_key": KEY}, follow=True)
        assert b"are in the catalogue now" in answer.content
        account = ProviderAccount.objects.get()
        page = reverse("admin:gateway_provideraccount_change", args=[account.pk])
        shown = client.get(page).content.decode()
        assert KEY not in shown
        assert "…abcd" in shown
        assert client.post(page, form | {"name": "Renamed", "new_key": ""}).status_code == 302
        account.refresh_from_db()
        assert (account.name, key_of(account)) == ("Renamed", KEY)
        assert re.search(
            "Try it",
            client.get(reverse("admin:gateway_provideraccount_try_it", args=[account.pk])).content.decode(),
        )

    def test_others_do_not_see_them(self, world):
        make_account()
        client = world.client("owner")
        assert client.get(reverse("admin:gateway_provideraccount_changelist")).status_code == 403
        assert b"Provider accounts" not in client.get("/admin/").content


def test_a_key_that_expires_is_told_of_once(world):
    now = utc_now()
    make_account(key_expires_on=(now + timedelta(days=10)).date())
    make_account("anthropic", key_expires_on=(now + timedelta(days=30)).date())
    assert warn_of_expiring(now=now) == 1
    assert warn_of_expiring(now=now + timedelta(minutes=1)) == 0
    assert "“openai” expires on" in Alert.objects.get(kind=Alert.Kind.MODEL_UNUSABLE).text


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        ({"organisation": "org-ä"}, "organisation"),
        ({"organisation": "org-a\nx-other: 1"}, "organisation"),
        ({"base_url": "https://10.0.0.7\\.example.com/v1"}, "base_url"),
        ({"base_url": "https://api.example.com/v1/chat/completions"}, "base_url"),
    ],
)
def test_an_account_of_what_can_t_be_sent_is_refused(wrong, member):
    with pytest.raises(ValidationError) as raised:
        ProviderAccount(name="A", provider="openai", **wrong).clean()
    assert list(raised.value.message_dict) == [member]
