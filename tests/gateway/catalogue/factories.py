"""Models and where they are served, with prices, and the routes to them."""

from datetime import timedelta
from typing import Any

from gateway.catalogue.models import Deployment, Model, Price, Route, RouteTarget
from kernel.clock import utc_now

NOVA_LITE = "amazon.nova-lite-v1:0"


def make_model(model_id: str = NOVA_LITE, name: str = "Nova Lite", **fields: Any) -> Model:
    """A model, served nowhere yet."""
    values = {"vendor": "Amazon", "context_window": 8192, **fields}
    return Model.objects.create(model_id=model_id, name=name, **values)


def make_deployment(
    model: Model, region: str = "us-east-1", *, input_rate: int | None = 60_000_000, **fields: Any
) -> Deployment:
    """A model in a region, at a price from yesterday on; with None for a rate, without one."""
    deployment = Deployment.objects.create(model=model, region=region, **fields)
    if input_rate is not None:
        make_price(deployment, input_rate=input_rate)
    return deployment


def make_price(deployment: Deployment, *, input_rate: int = 60_000_000, **fields: Any) -> Price:
    """What a million tokens of input cost from yesterday on, in nano-dollars."""
    values = {"valid_from": utc_now() - timedelta(days=1), **fields}
    return Price.objects.create(deployment=deployment, input_rate=input_rate, **values)


def make_route(name: str = "nova-lite", *deployments: Deployment, **fields: Any) -> Route:
    """A route to deployments, the first of them first."""
    route = Route.objects.create(name=name, **fields)
    for position, deployment in enumerate(deployments):
        RouteTarget.objects.create(route=route, deployment=deployment, position=position)
    return route
