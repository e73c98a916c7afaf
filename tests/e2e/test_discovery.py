"""What discovery leads to in calls: an ARN of the account's own, defaults of route and model, names of models that are gone."""

from typing import Any

import pytest

from embedded.environment import with_simulator
from gateway.catalogue.models import Deployment, Model, Price, Route, RouteTarget
from gateway.catalogue.services.catalog import PRICED_FROM
from gateway.catalogue.services.quotas import SOURCE
from gateway.discovering import read
from gateway.discovery.models import Discovered
from gateway.discovery.services.actions import deploy
from gateway.discovery.services.succession import succeed
from kernel.clock import utc_now
from tests.e2e.wire import adjusted
from tests.services import until

GONE = "cohere.command-r-v1:0"


@pytest.fixture
def quotas(world):
    """What was read of them is taken back: other tests of the stack let more calls fail than a minute's quota has room for."""
    none = dict.fromkeys(("requests_per_minute", "tokens_per_minute"), None)
    yield
    world.stack.make(lambda: Deployment.objects.filter(quota_source=SOURCE).update(**none, quota_source=""))


@pytest.mark.usefixtures("quotas")
def test_what_is_found_is_deployed_and_called(world, settings, monkeypatch):
    """Looked at in the stack's simulator, added, priced, and called by its ARN."""
    settings.BEDROCK_ENDPOINT_URL = world.stack.simulator
    for name, value in with_simulator({}, world.stack.simulator).items():
        monkeypatch.setenv(name, value)

    def make() -> int:
        read("us-east-1", now=utc_now())
        made = 0
        for kind in ("custom_deployment", "imported", "provisioned"):
            deployment = deploy(Discovered.objects.get(kind=kind, region="us-east-1"))
            Price.objects.create(deployment=deployment, valid_from=PRICED_FROM, input_rate=1, output_rate=1)
            Model.objects.filter(pk=deployment.model_id, context_window=0).update(
                context_window=8000, max_output_tokens=500
            )
            route = Route.objects.create(name=f"own-{kind}")
            RouteTarget.objects.create(route=route, deployment=deployment)
            made += 1
        return made

    assert world.stack.make(make) == 3
    for kind in ("custom_deployment", "imported", "provisioned"):
        until(
            lambda kind=kind: world.chat(model=f"own-{kind}").status_code == 200, what=f"the route own-{kind}"
        )
        assert world.received()[-1]["model_id"].startswith("arn:aws:bedrock:us-east-1:000000000000:")


def test_defaults_are_set_and_said(world):
    def change(**values: Any) -> None:
        Route.objects.filter(name="nova-micro").update(**values)

    world.stack.make(lambda: change(default_temperature=0.25))
    try:
        until(lambda: adjusted(world.chat(model="nova-micro")) == "temperature; set=0.25", what="the default")
        assert world.chat(model="nova-micro", temperature=0.5).headers.get("x-gatehouse-adjusted") is None
    finally:
        world.stack.make(lambda: change(default_temperature=None))


def test_a_name_that_is_gone_tells_its_successor_until_it_is_an_alias(world):
    refused = world.chat(model=GONE)
    assert refused.status_code == 404
    assert "is no longer offered. Use 'nova-lite' in its place." in refused.json()["error"]["message"]
    at_bedrocks = world.post(
        f"/bedrock/model/{GONE}/converse",
        json={"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
    )
    assert at_bedrocks.status_code == 404
    assert "Use 'nova-lite' in its place." in at_bedrocks.json()["message"]
    world.stack.make(lambda: succeed(GONE))
    until(lambda: world.chat(model=GONE).status_code == 200, what="the alias")


def test_a_model_that_ends_while_its_route_stays_is_told_of_with_its_successor(world):
    """AWS alone knows when it is over: it is asked, and its answer told with what to call."""

    def make() -> None:
        model = Model.objects.create(
            model_id="anthropic.claude-v2", name="Claude 2", vendor="Anthropic", context_window=8000, max_output_tokens=500,
        )  # fmt: skip
        deployment = Deployment.objects.create(model=model, region="us-east-1")
        Price.objects.create(deployment=deployment, valid_from=PRICED_FROM, input_rate=1, output_rate=1)
        RouteTarget.objects.create(route=Route.objects.create(name="over"), deployment=deployment)

    world.stack.make(make)
    ended = "This model version has reached the end of its life."
    world.fault("us-east-1", error={"type": "ResourceNotFoundException", "message": ended})
    try:
        until(lambda: world.chat(model="over").status_code == 502, what="the route")
        told = world.chat(model="over").json()["error"]["message"]
        assert "the model's life has ended at AWS" in told
        assert told.endswith("Use 'claude-sonnet-4-5' in its place.")
    finally:
        world.heal()
