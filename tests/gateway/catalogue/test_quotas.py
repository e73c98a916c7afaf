"""Quotas of AWS: their names, and whose they are."""

import pytest
from django.urls import reverse

from embedded.environment import with_simulator
from gateway.catalogue.models import Deployment
from gateway.catalogue.quota_names import NamedQuota, named_quota
from gateway.catalogue.services.quotas import sync_quotas
from gateway.providers.bedrock.offers import ControlPlaneError
from gateway.providers.bedrock.quotas import list_quotas
from tests.accounts.api_resources import API, ask
from tests.gateway.catalogue.factories import make_deployment, make_model
from tests.simulator import running


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5 V1",
            NamedQuota("cross", "tokens_per_minute", "claude sonnet 4.5"),
        ),
        (
            "Cross-Region InvokeModel tokens per minute for Claude Sonnet 4.5",
            NamedQuota("cross", "tokens_per_minute", "claude sonnet 4.5"),
        ),
        (
            "On-demand model inference requests per minute for Amazon Nova Lite",
            NamedQuota("", "requests_per_minute", "nova lite"),
        ),
        (
            "Global cross-region model inference tokens per minute for Anthropic Claude Haiku 4.5",
            NamedQuota("global", "tokens_per_minute", "claude haiku 4.5"),
        ),
        ("Model invocation max tokens per day for Anthropic Claude Sonnet 4.5 V1", None),
        ("Batch inference input file size (in GB)", None),
    ],
)
def test_what_the_name_of_a_quota_says(name, found):
    assert named_quota(name) == found


@pytest.mark.django_db
def test_quotas_of_aws_are_taken_over_where_nobody_entered_any():
    model = make_model("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5")
    cross, other = make_deployment(model, profile="us"), make_deployment(model, profile="global")
    entered = make_deployment(model, profile="eu")
    Deployment.objects.filter(pk=entered.pk).update(tokens_per_minute=5, quota_source="Our contract")
    said = {
        "Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5 V1": 200_000.0,
        "Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1": 200.0,
    }
    assert sync_quotas(region=cross.region, quotas=said) == 1
    cross.refresh_from_db()
    assert (cross.tokens_per_minute, cross.requests_per_minute) == (200_000, 200)
    assert sync_quotas(region=cross.region, quotas=said) == 0
    raised = {name: 2 * value for name, value in said.items()}
    assert sync_quotas(region=cross.region, quotas=raised) == 1
    for each in (other, entered):
        each.refresh_from_db()
    assert (other.tokens_per_minute, entered.tokens_per_minute) == (None, 5)


@pytest.mark.django_db
def test_what_is_entered_over_a_quota_of_aws_stays(world):
    model = make_model("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5")
    by_form, by_api, left = (
        make_deployment(model, "il-central-1", profile=each) for each in ("us", "eu", "apac")
    )
    said = {"Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1": 200.0}
    assert sync_quotas(region=by_form.region, quotas=said) == 3
    client = world.client("superuser")
    page = reverse("admin:gateway_deployment_change", args=[by_form.pk])
    form = client.get(page).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    empty = {
        f"{each.formset.prefix}-{count}": 0
        for each in client.get(page).context["inline_admin_formsets"]
        for count in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    answer = client.post(page, {**fields, **empty, "requests_per_minute": "50"})
    assert answer.status_code == 302, answer.context["errors"]
    answer = ask(client, "patch", f"{API}/deployments/{by_api.pk}/", {"requests_per_minute": None})
    assert answer.json()["quota_source"] == "By hand"
    ask(client, "patch", f"{API}/deployments/{left.pk}/", {"is_enabled": False})
    raised = {name: 2 * value for name, value in said.items()}
    assert sync_quotas(region=by_form.region, quotas=raised) == 1
    for each in (by_form, by_api, left):
        each.refresh_from_db()
    assert [each.requests_per_minute for each in (by_form, by_api, left)] == [50, None, 400]


def test_the_simulator_lists_quotas_as_aws_does(monkeypatch):
    with running() as simulator:
        for name, value in with_simulator({}, simulator.url).items():
            monkeypatch.setenv(name, value)
        found = list_quotas(region="us-east-1", endpoint_url=simulator.url)
        with pytest.raises(ControlPlaneError):
            list_quotas(region="mars-1", endpoint_url=simulator.url)
    names = {named_quota(name) for name in found}
    assert NamedQuota("cross", "tokens_per_minute", "claude haiku 4.5") in names
    assert NamedQuota("global", "tokens_per_minute", "claude haiku 4.5") in names
    assert NamedQuota("", "tokens_per_minute", "nova lite") in names
