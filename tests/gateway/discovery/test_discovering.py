"""Regions are looked at over HTTP: each list whole or told, each region by itself, and only what is new is news."""

from datetime import date, timedelta
from typing import Any

import pytest
from botocore.config import Config
from django.core.management import CommandError, call_command

from gateway import tasks
from gateway.catalogue.models import Deployment, Model
from gateway.discovering import read, regions
from gateway.discovery.models import Discovered, DiscoveredList, FoundKind, ModelNews
from gateway.providers.bedrock import discovery
from governance.alerts.models import Alert, AlertChannel, Delivery
from kernel.clock import utc_now
from tests.gateway.catalogue.factories import NOVA_LITE, make_deployment, make_model
from tests.simulator import RunningSimulator

pytestmark = [pytest.mark.django_db]
HERE, THERE = "us-east-1", "eu-central-1"
MICRO = "amazon.nova-micro-v1:0"


def count(kind: str, region: str = HERE) -> int:
    return Discovered.objects.filter(kind=kind, region=region, gone_at=None).count()


def models_of(aws: RunningSimulator, region: str = HERE) -> list[dict[str, Any]]:
    """As the region lists them now, with times as texts."""
    found = aws.client(region, service="bedrock").list_foundation_models()["modelSummaries"]
    for each in found:
        life = each["modelLifecycle"]
        each["modelLifecycle"] = {
            name: value if isinstance(value, str) else f"{value:%Y-%m-%dT%H:%M:%SZ}"
            for name, value in life.items()
        }
    return list(found)


def lists(aws: RunningSimulator, models: list[dict[str, Any]], region: str = HERE) -> None:
    aws._control("PUT", f"inventory/{region}", {"ListFoundationModels": models})


def test_every_list_of_a_region_page_by_page(aws):
    found = read(HERE, now=utc_now())
    assert found.noted.problems == []
    assert found.noted.new == []  # at the first reading nothing is
    asked = [each["operation"] for each in aws.received()["requests"]]
    assert asked.count("ListInferenceProfiles") > 1  # there are more than fit on a page
    assert count("profile") == len(list(aws.client(HERE, service="bedrock").get_paginator("list_inference_profiles").paginate().build_full_result()["inferenceProfileSummaries"]))  # fmt: skip
    assert {kind: count(kind) for kind in FoundKind.values if kind not in ("foundation", "profile")} == {
        "custom": 1, "custom_deployment": 1, "imported": 1, "application_profile": 0, "provisioned": 1, "guardrail": 3,
        "knowledge_base": 1,
    }  # fmt: skip
    provisioned = Discovered.objects.get(kind="provisioned")
    assert provisioned.account == "000000000000"
    assert (provisioned.facts["base"], provisioned.facts["units"]) == (NOVA_LITE, 1)
    assert not Model.objects.exists()  # it is looked at, and nothing added


def test_a_look_again_notes_what_is_gone_and_what_is_back(aws):
    first = utc_now()
    read(HERE, now=first)
    aws._control("PUT", f"inventory/{HERE}", {"ListImportedModels": []})
    later = first + timedelta(days=1)
    assert [each.kind for each in read(HERE, now=later).noted.gone] == ["imported"]
    gone = Discovered.objects.get(kind="imported")
    assert (gone.gone_at, gone.last_seen_at, gone.first_seen_at) == (later, first, first)
    aws._control("DELETE", "inventory")
    read(HERE, now=later + timedelta(days=1))
    assert Discovered.objects.get(kind="imported").gone_at is None


def test_a_missing_permission_is_told_by_name_and_loses_nothing_else(aws):
    read(HERE, now=utc_now())
    denied = {
        "type": "AccessDeniedException",
        "message": "not authorized",
        "operations": ["ListCustomModels"],
    }
    aws.configure(HERE, error=denied)
    found = read(HERE, now=utc_now())
    (problem,) = found.noted.problems
    assert "bedrock:ListCustomModels" in problem
    assert not found.is_out
    assert count("custom") == 1  # what was known of it stays
    assert count("guardrail") == 3
    told = DiscoveredList.objects.get(operation="ListCustomModels")
    assert "bedrock:ListCustomModels" in told.problem
    assert told.read_at is not None
    aws.configure(HERE, error=None)
    read(HERE, now=utc_now())
    assert not DiscoveredList.objects.exclude(problem="").exists()


def test_throttling_is_waited_out(aws):
    throttled = {"type": "ThrottlingException", "times": 1, "operations": ["ListGuardrails"]}
    aws.configure(HERE, error=throttled)
    assert read(HERE, now=utc_now()).noted.problems == []


def test_a_region_that_is_out_does_not_lose_the_others(aws, monkeypatch, caplog):
    monkeypatch.setattr(discovery, "_CONFIG", Config(read_timeout=5, retries={"total_max_attempts": 1}))
    model = make_model()
    make_deployment(model, HERE)
    make_deployment(model, THERE)
    assert regions() == [THERE, HERE]
    aws.configure(THERE, outage=True)
    with pytest.raises(CommandError, match=f"{THERE}: ListFoundationModels"):
        call_command("sync_models", "--look-only")
    assert count("guardrail") == 3
    assert count("guardrail", THERE) == 0
    assert not DiscoveredList.objects.filter(region=THERE, problem="").exists()
    # Once nothing has answered for two lists the others are not asked for.
    assert sum(each["region"] == THERE for each in aws.received()["requests"]) == 2
    assert tasks.discover_region(THERE) == 0
    assert f"discovery in {THERE}: ListFoundationModels" in caplog.text


def test_a_region_has_its_time(aws, monkeypatch):
    aws.configure(HERE, latency_ms=60)
    lists, _ = discovery.read_region(region=HERE, endpoint_url=aws.url, seconds=0.1)
    assert not lists[0].problem or not lists[1].problem or "time" in lists[0].problem
    assert "time for this region was over" in lists[-1].problem


def test_each_region_of_the_settings_has_a_task_of_its_own(settings, monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(tasks.discover_region, "delay", sent.append)
    settings.DISCOVERY_REGIONS = ["eu-west-1", "us-west-2"]
    assert tasks.discover() == 2
    assert sent == ["eu-west-1", "us-west-2"]
    settings.DISCOVERY_REGIONS = ["none"]
    assert tasks.discover() == 0


def test_a_new_model_is_news_once_whatever_regions_have_it(aws):
    for region in (HERE, THERE):
        read(region, now=utc_now())
    assert not ModelNews.objects.exists()
    AlertChannel.objects.create(name="Ops", kind="email", target="ops@example.com")
    for region in (HERE, THERE):
        models = models_of(aws, region)
        lists(
            aws, [*models, {**models[0], "modelId": "acme.brand-new-v1:0", "modelName": "Brand New"}], region
        )
        read(region, now=utc_now())
        read(region, now=utc_now())
    news = ModelNews.objects.get()
    assert (news.kind, news.model_id) == ("new", "acme.brand-new-v1:0")
    assert "Brand New (acme.brand-new-v1:0)" in news.text
    alert = Alert.objects.get(kind=Alert.Kind.MODEL_NEWS)
    assert alert.team is None
    assert Delivery.objects.filter(alert=alert).count() == 1


def test_a_change_of_a_model_is_news_once_and_reaches_the_catalogue(aws):
    model = make_model(MICRO, "Nova Micro")
    make_deployment(model, HERE)
    read(HERE, now=utc_now())
    models = models_of(aws)
    life = {
        "status": "LEGACY", "legacyTime": "2027-01-01T00:00:00Z", "publicExtendedAccessTime": "2027-04-01T00:00:00Z",
        "endOfLifeTime": "2027-07-01T00:00:00Z",
    }  # fmt: skip
    lists(aws, [{**each, "modelLifecycle": life} if each["modelId"] == MICRO else each for each in models])
    for _ in range(2):
        read(HERE, now=utc_now())
    news = ModelNews.objects.get()
    assert news.kind == "changed"
    assert "is legacy now, ends on 2027-07-01, may cost more from 2027-04-01 on" in news.text
    model.refresh_from_db()
    assert (model.legacy_from, model.extended_from, model.end_of_life) == (
        date(2027, 1, 1), date(2027, 4, 1), date(2027, 7, 1),
    )  # fmt: skip


def test_the_command_adds_what_is_new_and_tells_of_quotas(aws, capsys):
    call_command("sync_models", region=[HERE])
    told = capsys.readouterr().out
    assert f"{HERE}: " in told
    assert "quotas listed" in told
    assert Deployment.objects.filter(region=HERE, profile="us", model__model_id=NOVA_LITE).exists()
