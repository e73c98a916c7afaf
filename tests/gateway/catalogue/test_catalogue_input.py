"""What the catalogue does not take, by its pages and the API."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import ApiKey
from gateway.catalogue.models import Deployment, Route, RoutingRule
from tests.accounts.api_resources import API, ask
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.governance.limits.factories import make_budget

pytestmark = [pytest.mark.django_db]
ELSEWHERE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"region": "evil.example/x?"}, "region", "A region of AWS"),
        ({"region": "US-EAST-1"}, "region", "A region of AWS"),
        ({"arn": "hello"}, "arn", "An ARN that Bedrock answers at"),
        ({"arn": "arn:aws:iam::123456789012:role/x"}, "arn", "An ARN that Bedrock answers at"),
        ({"arn": ELSEWHERE}, "arn", "call it there, not in eu-west-1"),
        ({"profile": "us"}, "profile", "can't be called in eu-west-1"),
        ({"profile": "jp"}, "profile", "can't be called in eu-west-1"),
        ({"profile": "eu", "region": "ap-south-1"}, "profile", "can't be called in ap-south-1"),
        ({"requests_per_minute": 0}, "requests_per_minute", "greater than or equal to 1"),
    ],
)
def test_a_deployment_is_where_bedrock_can_be_asked(world, change, field, words):
    body: dict[str, Any] = {"model": make_model("a.b").pk, "region": "eu-west-1", **change}
    answer = ask(world.client("superuser"), "post", f"{API}/deployments/", body)
    assert answer.status_code == 400
    assert words in answer.json()[field][0]


def test_a_deployment_s_quotas_are_set_by_the_api(world):
    body = {
        "model": make_model("a.b").pk,
        "region": "us-gov-west-1",
        "tokens_per_minute": 5,
        "quota_pool": "ours",
    }
    answer = ask(world.client("superuser"), "post", f"{API}/deployments/", body)
    assert answer.status_code == 201, answer.content
    made = Deployment.objects.get(pk=answer.json()["id"])
    assert (made.tokens_per_minute, made.quota_pool, made.quota_source) == (5, "ours", "By hand")


@pytest.mark.parametrize(
    ("profile", "region"),
    [
        ("us", "ca-central-1"),
        ("us", "us-west-2"),
        ("eu", "il-central-1"),
        ("au", "ap-southeast-6"),
        ("global", "sa-east-1"),
    ],
)
def test_profiles_are_called_where_aws_may_take_them(world, profile, region):
    body = {"model": make_model("a.b").pk, "region": region, "profile": profile}
    assert ask(world.client("superuser"), "post", f"{API}/deployments/", body).status_code == 201


@pytest.mark.parametrize(
    ("name_it", "words"),
    [
        (lambda world: make_route("second", fallbacks=["old"]), "1 route that falls back to it"),
        (lambda world: make_budget(model="old"), "1 budget"),
        (lambda world: RoutingRule.objects.create(name="r", routes=["old"]), "1 routing rule"),
        (
            lambda world: ApiKey.objects.filter(pk=ApiKey.objects.first().pk).update(
                allowed_models=["old", "x"]
            ),
            "1 API key",
        ),
    ],
)
def test_a_route_that_is_named_keeps_its_name(world, name_it, words):
    """By a budget, say, that would hold for no call else."""
    client, route = world.client("superuser"), make_route("old")
    name_it(world)
    answer = ask(client, "patch", f"{API}/routes/{route.pk}/", {"name": "new"})
    assert answer.status_code == 400
    assert words in answer.json()["name"][0]
    assert "aliases" in answer.json()["name"][0]
    page = client.post(reverse("admin:gateway_route_change", args=[route.pk]), {"name": "new"})
    assert words in page.content.decode()
    assert ask(client, "patch", f"{API}/routes/{route.pk}/", {"aliases": ["new"]}).status_code == 200


def test_a_route_that_nothing_names_is_renamed(world):
    route = make_route("old")
    answer = ask(world.client("superuser"), "patch", f"{API}/routes/{route.pk}/", {"name": "new"})
    assert answer.status_code == 200
    assert Route.objects.get(pk=route.pk).name == "new"


@pytest.mark.parametrize("name", ["prompt/x", "two\nlines"])
@pytest.mark.parametrize("field", ["name", "aliases"])
def test_a_route_has_a_name_that_callers_can_use(world, name, field):
    body = {"name": "new"} | {field: name if field == "name" else [name]}
    answer = ask(world.client("superuser"), "post", f"{API}/routes/", body)
    assert answer.status_code == 400
    assert "can't be called" in answer.json()["non_field_errors"][0]


def test_a_route_by_weight_has_a_weight(world):
    client, deployment = world.client("superuser"), make_deployment(make_model("a.b"))
    targets = [{"deployment": deployment.pk, "weight": 0}]
    body = {"name": "new", "strategy": "weighted", "targets": targets}
    answer = ask(client, "post", f"{API}/routes/", body)
    assert "a weight above 0" in answer.json()["non_field_errors"][0]
    route = make_route("other", deployment)
    route.targets.update(weight=0)
    answer = ask(client, "patch", f"{API}/routes/{route.pk}/", {"strategy": "weighted"})
    assert answer.status_code == 400
    fields = {
        "name": "new", "strategy": "weighted", "expected_output_tokens": "4096", "timeout_seconds": "300", "wait_seconds": "0",
        "prompt_cache": "caller", "shadow_percent": "0", "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0,
        "targets-0-position": "0", "targets-0-weight": "0", "targets-0-deployment": str(deployment.pk),
    }  # fmt: skip
    answer = client.post(reverse("admin:gateway_route_add"), fields)
    assert "a weight above 0" in answer.content.decode()
    client.post(reverse("admin:gateway_route_add"), {**fields, "targets-0-weight": "1"})
    assert Route.objects.filter(name="new").exists()


def test_a_rule_names_routes_that_there_are(world):
    answer = ask(
        world.client("superuser"), "post", f"{API}/routing-rules/", {"name": "new", "routes": ["nowhere"]}
    )
    assert "There is no route “nowhere”" in answer.json()["routes"][0]
