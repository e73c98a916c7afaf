"""The seed of Bedrock's models: reads `gateway/catalogue/catalog.json` and brings the tables up to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from django.db import transaction

from gateway.catalogue.listed_prices import ListedPrice
from gateway.catalogue.models import Deployment, Model, Price, Route, RouteTarget
from gateway.catalogue.seed import facts_of
from gateway.catalogue.services.capabilities import bring_up
from gateway.catalogue.services.routing_rules import ship_rules
from kernel.errors import InvalidError

CATALOG_FILE = Path(__file__).resolve().parent.parent / "catalog.json"
PRICED_FROM = datetime(2026, 1, 1, tzinfo=UTC)
HOME_PROFILES = ("us", "")
HOME_REGIONS = ("us-east-1", "us-west-2")
"""Where a model's main route goes. Other geographies have routes of their own: who names `eu.` stays in Europe."""
ROUTED_PROFILES = ("eu", "global")


Place = tuple[str, str, str]
"""Model ID, profile, region."""


class Offer(ListedPrice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One price in some regions."""

    profile: str
    regions: list[str]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One foundation model."""

    model_id: str
    name: str
    vendor: str
    kind: str
    context_window: int
    max_output_tokens: int
    deployments: list[Offer]
    supports_tools: bool = False
    supports_images: bool = False
    supports_prompt_cache: bool = False
    end_of_life: date | None = None
    route: str | None = None


class Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    as_of: str
    source: str
    models: list[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How many rows a load found missing and made."""

    models: int
    deployments: int
    prices: int
    routes: int


def read_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """The seed. Raises InvalidError naming the place that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Catalog)
    except msgspec.DecodeError as error:
        raise InvalidError(f"{path}: {error}") from error


@transaction.atomic
def load_catalog(catalog: Catalog) -> Loaded:
    """Brings models up to the seed and adds what is missing. Prices, routes and deployments that exist stay."""
    before = (Model.objects.count(), Deployment.objects.count())
    models = _upsert_models(catalog.models)
    deployments = _add_deployments(catalog.models, models)
    prices = _add_prices(catalog, deployments)
    routes = _add_routes(catalog.models, deployments)
    ship_rules()
    return Loaded(
        models=len(models) - before[0],
        deployments=Deployment.objects.count() - before[1],
        prices=prices,
        routes=routes,
    )


_FIELDS = (
    "name", "vendor", "kind", "context_window", "max_output_tokens", "supports_tools", "supports_images",
    "supports_prompt_cache", "end_of_life",
)  # fmt: skip


def _upsert_models(entries: Iterable[Entry]) -> dict[str, Model]:
    models = {model.model_id: model for model in Model.objects.all()}
    made: list[Model] = []
    changed: list[Model] = []
    for entry in entries:
        facts = {field: getattr(entry, field) for field in _FIELDS} | facts_of(entry.model_id)
        model = models.get(entry.model_id)
        if model is None:
            model = models[entry.model_id] = Model(model_id=entry.model_id)
            made.append(model)
            bring_up(model, facts)
        elif bring_up(model, facts):
            changed.append(model)
    Model.objects.bulk_create(made)
    if changed:
        Model.objects.bulk_update(changed, [*_FIELDS, *facts_of(changed[0].model_id), "seeded"])
    return models


def _add_deployments(entries: Iterable[Entry], models: dict[str, Model]) -> dict[Place, Deployment]:
    Deployment.objects.bulk_create(
        [
            Deployment(model=models[entry.model_id], region=region, profile=offer.profile)
            for entry in entries
            for offer in entry.deployments
            for region in offer.regions
        ],
        ignore_conflicts=True,
    )
    found = Deployment.objects.filter(arn="", provider_account=None).select_related("model")
    return {(each.model.model_id, each.profile, each.region): each for each in found}


def _add_prices(catalog: Catalog, deployments: dict[Place, Deployment]) -> int:
    priced = set(Price.objects.values_list("deployment_id", flat=True))
    prices = [
        Price(deployment=deployment, valid_from=PRICED_FROM, source=catalog.source, **offer.columns())
        for entry in catalog.models
        for offer in entry.deployments
        if offer.input is not None
        for region in offer.regions
        if (deployment := deployments[entry.model_id, offer.profile, region]).pk not in priced
    ]
    return len(Price.objects.bulk_create(prices))


def _add_routes(entries: Iterable[Entry], deployments: dict[Place, Deployment]) -> int:
    existing = set(Route.objects.values_list("name", flat=True))
    routes: list[Route] = []
    targets: list[RouteTarget] = []
    for entry in entries:
        if entry.route is None:
            continue
        for name, aliases, places in _routes_of(entry):
            if name in existing:
                continue
            route = Route(name=name, aliases=aliases)
            routes.append(route)
            targets += [
                RouteTarget(route=route, deployment=deployments[place], position=position)
                for position, place in enumerate(places)
            ]
    Route.objects.bulk_create(routes)
    RouteTarget.objects.bulk_create(targets)
    return len(routes)


def _routes_of(entry: Entry) -> Iterable[tuple[str, list[str], list[Place]]]:
    """Name, aliases and places of a model's routes: the main one, and one for each geography with a profile."""
    profiles = {offer.profile for offer in entry.deployments}
    home = next((profile for profile in HOME_PROFILES if profile in profiles), entry.deployments[0].profile)
    # A caller of the bare ID asks for no geography.
    aliases = [entry.model_id, f"{home}.{entry.model_id}"] if home else [entry.model_id]
    yield str(entry.route), aliases, _places(entry, home)
    for profile in ROUTED_PROFILES:
        if profile in profiles and profile != home:
            yield f"{entry.route}-{profile}", [f"{profile}.{entry.model_id}"], _places(entry, profile)


def _places(entry: Entry, profile: str) -> list[Place]:
    return [
        (entry.model_id, profile, region)
        for offer in entry.deployments
        if offer.profile == profile
        for region in offer.regions
        if profile or region in HOME_REGIONS
    ]
