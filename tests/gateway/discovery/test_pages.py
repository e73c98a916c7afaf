"""The pages of what was found and of what ends, their API twins, and what superusers do there with one click."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from gateway.catalogue.models import Deployment, Model, Route
from gateway.discovery.models import Discovered, DiscoveredList
from gateway.discovery.services.news import tell_endings
from kernel.background import app
from kernel.clock import utc_now
from tests.gateway.catalogue.factories import NOVA_LITE, make_deployment, make_model

pytestmark = [pytest.mark.django_db]
LIST, ENDINGS = "admin:gateway_discovered_changelist", "admin:gateway_discovered_endings"
HERE, THERE = "us-east-1", "eu-central-1"
ARN = f"arn:aws:bedrock:{HERE}:000000000000"


def found(kind: str, identifier: str, region: str = HERE, **fields: Any) -> Discovered:
    now = utc_now()
    values = {
        "account": "000000000000",
        "name": identifier,
        "first_seen_at": now,
        "last_seen_at": now,
        **fields,
    }
    return Discovered.objects.create(kind=kind, identifier=identifier, region=region, **values)


@pytest.fixture
def aws(world: Any) -> dict[str, Discovered]:
    """Two regions: Nova Lite is deployed on demand in one of them, and a new model is in the other."""
    facts = {"vendor": "Amazon", "ways": ["ON_DEMAND"], "takes": ["IMAGE", "TEXT"], "gives": ["TEXT"]}
    DiscoveredList.objects.create(
        region=HERE, operation="ListGuardrails", read_at=utc_now(), tried_at=utc_now()
    )
    DiscoveredList.objects.create(region=THERE, operation="ListCustomModels", tried_at=utc_now(), problem="Gatehouse's role lacks the permission bedrock:ListCustomModels.")  # fmt: skip
    return {
        "lite": found("foundation", NOVA_LITE, name="Nova Lite", state="ACTIVE", facts=facts),
        "new": found("foundation", "acme.new-v1:0", THERE, name="Brand New", state="ACTIVE", facts={**facts, "vendor": "Acme", "ends_on": "2027-09-09"}),
        "profile": found("profile", "eu.acme.new-v1:0", THERE, facts={"base": "acme.new-v1:0"}),
        "imported": found("imported", f"{ARN}:imported-model/abcdefghijkl", name="house-llama"),
        "provisioned": found("provisioned", f"{ARN}:provisioned-model/abcdefghijkl", name="units", state="InService", facts={"base": NOVA_LITE, "units": 2}),
        "custom": found("custom", f"{ARN}:custom-model/x/abcdefghijkl", name="tuned", facts={"base": NOVA_LITE}),
        "guardrail": found("guardrail", "abc123", name="no-secrets", state="READY"),
        "base": found("knowledge_base", "ABCDEFGHIJ", THERE, name="handbook", state="ACTIVE"),
    }  # fmt: skip


def page(world: Any, who: str = "superuser", url: str = LIST, **query: str) -> str:
    answer = world.client(who).get(reverse(url), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_models_by_region_with_what_is_deployed(world, aws, who):
    text = page(world, who)
    deployment = Deployment.objects.get()
    assert reverse("admin:gateway_deployment_change", args=[deployment.pk]) in text
    assert "Brand New" in text
    assert "no-secrets" in text
    assert "handbook" in text
    assert "bedrock:ListCustomModels" in text
    assert (f'value="{aws["profile"].pk}"' in text) is (who == "superuser")
    assert len(text) < 200_000


@pytest.mark.parametrize(
    ("query", "lite", "new"),
    [
        ({"region": HERE}, True, False),
        ({"vendor": "Acme"}, False, True),
        ({"deployed": "yes"}, True, False),
        ({"deployed": "no"}, False, True),
        ({"search": "brand"}, False, True),
        ({"region": "nowhere-1"}, False, False),
    ],
)
def test_filters(world, aws, query, lite, new):
    text = page(world, **query)
    assert ("Nova Lite</a>" in text, "Brand New" in text) == (lite, new)


def test_a_region_shows_price_and_quota(world, aws):
    Deployment.objects.update(tokens_per_minute=200_000)
    assert "$0.06 in" in page(world, region=HERE)
    assert "200,000 tokens a minute" in page(world, region=HERE)


@pytest.mark.parametrize(
    ("which", "model_id", "place"),
    [
        ("new", "acme.new-v1:0", ("", "")),
        ("profile", "acme.new-v1:0", ("eu", "")),
        ("imported", "imported.abcdefghijkl", ("", f"{ARN}:imported-model/abcdefghijkl")),
        ("provisioned", NOVA_LITE, ("", f"{ARN}:provisioned-model/abcdefghijkl")),
    ],
)
def test_one_click_adds_a_deployment_without_a_price(world, aws, which, model_id, place):
    row = aws[which]
    client = world.client("superuser")
    answer = client.post(reverse(LIST), {"add": row.pk})
    made = Deployment.objects.get(model__model_id=model_id, region=row.region, profile=place[0], arn=place[1])
    assert answer.url == reverse("admin:gateway_deployment_change", args=[made.pk])
    assert not made.prices.exists()
    assert LogEntry.objects.filter(object_id=str(made.pk)).exists()
    again = client.post(reverse(LIST), {"add": row.pk}, follow=True).content.decode()
    assert "is there already" in again


@pytest.mark.parametrize("which", ["custom", "guardrail"])
def test_what_can_t_be_called_is_not_added(world, aws, which):
    answer = world.client("superuser").post(reverse(LIST), {"add": aws[which].pk}, follow=True)
    assert "can&#x27;t be deployed" in answer.content.decode()
    assert Deployment.objects.count() == 1


def test_only_superusers_change_the_catalogue(world, aws):
    assert world.client("owner").post(reverse(LIST), {"add": aws["profile"].pk}).status_code == 403
    assert world.client("owner").post(reverse(ENDINGS), {"model": "cohere.command-r-v1:0"}).status_code == 403
    assert world.client("owner").post(f"/api/v1/discovered/{aws['profile'].pk}/deploy/").status_code == 403
    refused = world.client("owner").post("/api/v1/ending-models/succession/", {"model": "a"}, content_type="application/json")  # fmt: skip
    assert refused.status_code == 403
    assert Deployment.objects.count() == 1


class TestTheApi:
    def test_what_was_found(self, world, aws):
        client = world.client("viewer")
        rows = client.get("/api/v1/discovered/", {"kind": "guardrail"}).json()["results"]
        assert [row["identifier"] for row in rows] == ["abc123"]
        problems = client.get("/api/v1/discovery-lists/").json()["results"]
        assert any("bedrock:ListCustomModels" in row["problem"] for row in problems)
        wrong = client.get("/api/v1/discovered/", {"kind": "nothing"})
        assert wrong.status_code == 400

    def test_the_matrix(self, world, aws):
        (row,) = world.client("viewer").get("/api/v1/model-matrix/", {"deployed": "yes"}).json()
        assert (row["model_id"], row["vendor"]) == (NOVA_LITE, "Amazon")
        (way,) = row["ways"]
        assert (way["region"], way["profile"], way["input_usd"]) == (HERE, "", "0.06")
        assert way["deployment"] == Deployment.objects.get().pk

    def test_a_deployment_of_what_was_found(self, world, aws):
        client = world.client("superuser")
        made = client.post(f"/api/v1/discovered/{aws['profile'].pk}/deploy/")
        assert (made.status_code, made.json()["invoke_id"]) == (201, "eu.acme.new-v1:0")
        assert client.post(f"/api/v1/discovered/{aws['profile'].pk}/deploy/").status_code == 409
        assert Model.objects.get(model_id="acme.new-v1:0").end_of_life.isoformat() == "2027-09-09"

    def test_what_ends_and_its_succession(self, world):
        ending = make_model(
            "acme.old", "Old", end_of_life=utc_now().date() + timedelta(days=9), successor=NOVA_LITE
        )
        make_deployment(ending)
        Route.objects.update(aliases=[NOVA_LITE])
        tell_endings(now=utc_now())
        client = world.client("superuser")
        (row,) = client.get("/api/v1/ending-models/").json()
        assert (row["model_id"], row["days"], row["successor"]) == ("acme.old", 9, NOVA_LITE)
        assert client.get("/api/v1/model-news/").json()["results"][0]["kind"] == "ending"
        text = page(world, url=ENDINGS)
        assert "in 9 days" in text
        assert "Lead its names there" in text
        done = client.post("/api/v1/ending-models/succession/", {"model": "acme.old"}, content_type="application/json")  # fmt: skip
        assert done.json() == {"aliases": ["acme.old"], "routes": [], "left": []}
        assert Route.objects.get().aliases == [NOVA_LITE, "acme.old"]


def test_the_alias_of_what_is_gone_by_one_click(world):
    Route.objects.update(aliases=[NOVA_LITE])
    client = world.client("superuser")
    answer = client.post(reverse(ENDINGS), {"model": "cohere.command-r-v1:0"}, follow=True)
    assert "Lead to the successor now: cohere.command-r-v1:0." in answer.content.decode()
    assert "cohere.command-r-v1:0" in Route.objects.get().aliases


def test_before_aws_was_asked_it_says_so(world):
    assert "AWS has not been asked yet" in page(world, "viewer")


@pytest.mark.parametrize(
    ("who", "status", "asked"), [("superuser", 302, ["gateway.tasks.discover"]), ("owner", 403, [])]
)
def test_aws_is_asked_at_once_by_one_click(world, monkeypatch, who, status, asked):
    sent: list[str] = []
    monkeypatch.setattr(app, "send_task", sent.append)
    assert world.client(who).post(reverse(LIST), {"look": "1"}).status_code == status
    assert sent == asked
