"""The seed of models: complete, exact, loaded once, and never over what somebody has changed."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from gateway.catalogue.models import Deployment, Model, Price, Route
from gateway.catalogue.seed import read_retired
from gateway.catalogue.services.catalog import load_catalog, read_catalog
from gateway.catalogue.services.offers import sync_region
from gateway.providers.bedrock.offers import Offered, offers_from
from gateway.snapshot.build import build_snapshot
from kernel.clock import utc_now
from kernel.money import dollars_to_nanos

CATALOG = read_catalog()
NEW = "acme.brand-new-v1:0"


def offered(model_id: str, *profiles: str, ends: date | None = None) -> Offered:
    return Offered(model_id, "A model", "Acme", "text", False, None, ends, set(profiles))


def test_the_seed_covers_the_vendors_and_profiles():
    assert 55 <= len(CATALOG.models) <= 75
    assert {
        "Anthropic",
        "Amazon",
        "Meta",
        "Mistral AI",
        "Cohere",
        "DeepSeek",
        "Qwen",
        "OpenAI",
        "Google",
    } <= {entry.vendor for entry in CATALOG.models}
    assert {"us", "eu", "global", ""} <= {
        offer.profile for entry in CATALOG.models for offer in entry.deployments
    }


@pytest.mark.parametrize("entry", CATALOG.models, ids=lambda entry: entry.model_id)
def test_each_model_is_plausible(entry):
    assert entry.kind in {"text", "embedding", "rerank"}
    assert entry.context_window > 0
    assert (entry.max_output_tokens > 0) == (entry.kind == "text")
    assert entry.route is not None or entry.kind == "embedding"
    assert entry.end_of_life is None or entry.end_of_life > date(2027, 1, 31)
    places = [(offer.profile, region) for offer in entry.deployments for region in offer.regions]
    assert places
    assert len(places) == len(set(places))
    for offer in entry.deployments:
        assert offer.input is not None
        price = dollars_to_nanos(offer.input if entry.kind != "rerank" else offer.request)
        assert 0 < price < 100 * 10**9
        if offer.cache_read is not None:
            assert dollars_to_nanos(offer.cache_read) < price
        if offer.cache_write is not None and offer.cache_write_1h is not None:
            assert price <= dollars_to_nanos(offer.cache_write) <= dollars_to_nanos(offer.cache_write_1h)
        if offer.long_context is not None:
            assert dollars_to_nanos(offer.long_context.input) > price
            assert offer.long_context.threshold < entry.context_window


def test_a_broken_seed_is_named(tmp_path):
    broken = tmp_path / "catalog.json"
    broken.write_text('{"as_of": "x", "source": "x", "models": [{"model_id": 1}]}')
    with pytest.raises(ValueError, match=r"catalog\.json: .*model_id"):
        read_catalog(broken)


@pytest.mark.django_db
class TestLoading:
    def test_everything_is_there_and_a_name_leads_to_one_route(self):
        load_catalog(CATALOG)
        assert Model.objects.count() == len(CATALOG.models)
        assert Price.objects.count() == Deployment.objects.count()
        names = [name for route in Route.objects.all() for name in (route.name, *route.aliases)]
        assert len(names) == len(set(names))
        assert not Route.objects.filter(targets__isnull=True).exists()
        assert Route.objects.filter(targets__deployment__model__kind="embedding").distinct().count() == 4

    def test_prices_are_exact(self):
        load_catalog(CATALOG)
        sonnet = Price.objects.get(
            deployment__model__name="Claude Sonnet 4.5",
            deployment__profile="us",
            deployment__region="us-east-1",
        )
        assert (sonnet.input_rate, sonnet.output_rate) == (3_300_000_000, 16_500_000_000)
        assert (sonnet.cache_read_rate, sonnet.cache_write_rate) == (330_000_000, 4_125_000_000)
        assert sonnet.cache_write_1h_rate == 6_600_000_000

    def test_long_context_has_rates_of_its_own(self):
        load_catalog(CATALOG)
        haiku = Price.objects.get(
            deployment__model__name="Claude Haiku 5.5",
            deployment__profile="us",
            deployment__region="us-east-1",
        )
        assert (haiku.long_context_threshold, haiku.long_cache_write_1h_rate) == (100_000, 1_100_000_000)
        route = build_snapshot().routes["us.anthropic.claude-haiku-5-5"]
        (price,) = next(each for each in route.deployments if each.region == "us-east-1").prices
        assert price.rates_for(100_000).cache_write_1h == 220_000_000
        assert price.rates_for(100_001).cache_write_1h == 1_100_000_000

    @pytest.mark.parametrize(
        ("name", "leads_to", "regions"),
        [
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", {"us-east-1", "us-west-2"}),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", {"us-east-1", "us-west-2"}),
            (
                "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "claude-sonnet-4-5-eu",
                {"eu-central-1", "eu-west-1"},
            ),
        ],
    )
    def test_a_geography_is_kept(self, name, leads_to, regions):
        load_catalog(CATALOG)
        route = Route.objects.get(aliases__contains=[name])
        assert route.name == leads_to
        assert set(route.targets.values_list("deployment__region", flat=True)) == regions
        assert route.targets.first().deployment.region in {"us-east-1", "eu-central-1"}

    def test_loading_again_changes_nothing_that_somebody_changed(self):
        load_catalog(CATALOG)
        price = Price.objects.first()
        Price.objects.filter(pk=price.pk).update(input_rate=1, valid_until=utc_now())
        Route.objects.filter(name="nova-lite").update(aliases=["mine"], is_enabled=False)
        Deployment.objects.filter(model__name="Nova Pro").update(is_enabled=False)
        Model.objects.filter(name="Nova Pro").update(context_window=5)
        again = load_catalog(CATALOG)
        assert (again.models, again.deployments, again.prices, again.routes) == (0, 0, 0, 0)
        price.refresh_from_db()
        assert price.input_rate == 1
        route = Route.objects.get(name="nova-lite")
        assert (route.aliases, route.is_enabled) == (["mine"], False)
        assert not Deployment.objects.filter(model__name="Nova Pro", is_enabled=True).exists()
        assert Model.objects.get(name="Nova Pro").context_window == 5

    def test_what_nobody_changed_follows_the_file(self):
        load_catalog(CATALOG)
        pro = Model.objects.get(name="Nova Pro")
        pro.seeded |= {"sampling": "one"}  # as an older file had it
        pro.sampling = "one"
        pro.save()
        load_catalog(CATALOG)
        assert Model.objects.get(name="Nova Pro").sampling == "all"

    def test_what_was_deleted_comes_back_with_its_price(self):
        load_catalog(CATALOG)
        Deployment.objects.filter(model__name="Nova Pro").delete()
        again = load_catalog(CATALOG)
        assert again.deployments == again.prices > 0


@pytest.mark.django_db
class TestSyncing:
    def test_new_models_and_deployments_have_no_price(self):
        load_catalog(CATALOG)
        found = sync_region(region="us-east-1", offers=[offered(NEW, "", "us")])
        assert found.new_models == [NEW]
        assert sorted(found.new_deployments) == [NEW, f"us.{NEW}"]
        assert not Price.objects.filter(deployment__model__model_id=NEW).exists()
        again = sync_region(region="us-east-1", offers=[offered(NEW, "", "us")])
        assert (again.new_models, again.new_deployments) == ([], [])

    def test_what_is_edited_of_a_new_model_stays_when_the_file_comes_to_know_it(self):
        model_id = "amazon.nova-pro-v1:0"
        sync_region(region="us-east-1", offers=[offered(model_id, "us")])
        Model.objects.update(context_window=7, supports_prefill=False)
        load_catalog(CATALOG)
        pro = Model.objects.get(model_id=model_id)
        assert (pro.context_window, pro.supports_prefill, pro.supports_tools) == (7, False, True)

    def test_what_is_gone_is_disabled_on_request_only(self):
        sync_region(region="us-east-1", offers=[offered(NEW, "", "us")])
        kept = sync_region(region="us-east-1", offers=[offered(NEW, "us", ends=date(2027, 5, 1))])
        assert kept.gone == [NEW]
        assert Deployment.objects.filter(is_enabled=True).count() == 2
        assert Model.objects.get().end_of_life == date(2027, 5, 1)
        sync_region(region="us-east-1", offers=[offered(NEW, "us")], disable_gone=True)
        assert Deployment.objects.get(is_enabled=True).profile == "us"

    def test_what_is_only_looked_at_adds_nothing(self):
        sync_region(region="us-east-1", offers=[offered(NEW, "us")])
        later = sync_region(
            region="us-east-1",
            offers=[offered(NEW, "", "us", ends=date(2027, 5, 1)), offered("acme.other", "us")],
            adds=False,
        )
        assert (later.new_models, later.new_deployments) == ([], [])
        assert Model.objects.get().end_of_life == date(2027, 5, 1)

    def test_a_region_is_needed_where_there_is_none_yet(self):
        with pytest.raises(CommandError, match="--region"):
            call_command("sync_models")


def summary(model_id: str, modality: str, *inference: str) -> dict[str, object]:
    return {"modelId": model_id, "outputModalities": [modality], "inferenceTypesSupported": list(inference)}


def test_what_of_the_lists_can_be_called():
    models = [
        summary("acme.text", "TEXT", "ON_DEMAND", "INFERENCE_PROFILE"),
        summary("acme.text:0:200k", "TEXT", "PROVISIONED"),
        summary("acme.embed", "EMBEDDING", "ON_DEMAND"),
        summary("acme.picture", "IMAGE", "ON_DEMAND"),
        summary("acme.only-provisioned", "TEXT", "PROVISIONED"),
    ]
    ids = ["eu.acme.text", "mars.acme.text", "eu.acme.unknown"]
    found = offers_from(models, [{"inferenceProfileId": each, "status": "ACTIVE"} for each in ids])
    assert {(each.model_id, each.kind, frozenset(each.profiles)) for each in found} == {
        ("acme.text", "text", frozenset({"", "eu"})),
        ("acme.embed", "embedding", frozenset({""})),
    }


def test_the_ended_have_a_source_and_a_successor_that_is_offered():
    offered_now = {entry.model_id for entry in CATALOG.models}
    for each in read_retired():
        assert each.source, each.model_id
        assert each.successor in offered_now, each.model_id
        assert each.model_id not in offered_now, each.model_id
