"""Price lists for projections, out of the catalogue: on demand, batch, and the same model at a provider's own API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from math import ceil

from gateway.catalogue.choices import ModelKind
from gateway.catalogue.direct import DirectOffer, read_direct
from gateway.catalogue.models import Deployment, Price, ProviderKind, Route
from gateway.catalogue.policy import PriceEntry, Rates
from gateway.catalogue.selectors import price_entry
from gateway.costs.policy.choice import Choice, OwnPrice
from gateway.costs.policy.price_lists import PriceList
from gateway.costs.policy.scenario import ImpossibleScenarioError

BATCH = "batch"
BATCH_PART = Fraction(1, 2)
"""Of the price on demand; Amazon Bedrock pricing, “Batch”: 50 % lower for the models that have batch inference."""
_ASSUMED = "No price of batch inference in the catalogue: taken to be half of that on demand, where the model has it."


def price_lists(choice: Choice, *, now: datetime) -> list[PriceList]:
    """What a choice names, each list once. ImpossibleScenarioError names the routes without a price."""
    found: dict[str, PriceList] = {}
    for name in choice.routes:
        for each in _of_route(name, choice, now):
            found.setdefault(each.name, each)
    for own in choice.own:
        if own.name in found:
            raise ImpossibleScenarioError(
                f"own: “{own.name}” is another list's name already: call yours otherwise."
            )
        found[own.name] = _own(own, now)
    return list(found.values())


def routes_with_a_price(*, now: datetime) -> list[str]:
    """Names of routes that lead to a deployment with a price in force."""
    prices = Price.objects.filter(tier="", valid_from__lte=now).exclude(valid_until__lte=now)
    rows = Route.objects.filter(
        targets__deployment__in=prices.values("deployment"), targets__deployment__is_enabled=True
    )
    return list(rows.order_by("name").values_list("name", flat=True).distinct())


def _of_route(name: str, choice: Choice, now: datetime) -> Iterator[PriceList]:
    deployment = _first(name, now)
    if deployment is None:
        raise ImpossibleScenarioError(
            f"routes: there is no route “{name}” with a price. Choose another, or add its price."
        )
    standard = _price(deployment, "", now)
    assert standard is not None
    is_direct = deployment.provider_account_id is not None
    discount, fixed = (
        (choice.direct_discount, choice.direct_fixed_nanos)
        if is_direct
        else (choice.bedrock_discount, choice.bedrock_fixed_nanos)
    )
    at = deployment.provider_account.name if deployment.provider_account else "Bedrock"
    yield PriceList(
        name=f"{name} at {at}", way="direct" if is_direct else "on_demand", price=price_entry(standard), discount=discount,
        fixed=fixed, source=standard.source, note=_place(deployment),
    )  # fmt: skip
    if choice.with_batch and not is_direct and deployment.model.kind == ModelKind.TEXT:
        row = _price(deployment, BATCH, now)
        entry = price_entry(row) if row else halved(price_entry(standard))
        yield PriceList(
            name=f"{name}, batch", way="batch", price=entry, discount=discount, fixed=fixed, source=row.source if row else "",
            note="Answers within a day." if row else f"Answers within a day. {_ASSUMED}",
        )  # fmt: skip
    if choice.with_direct and not is_direct:
        yield from _direct(deployment, name, choice, now)


def _direct(deployment: Deployment, name: str, choice: Choice, now: datetime) -> Iterator[PriceList]:
    """The same model at accounts of ours, and, where there is none with a provider, at its list price."""
    providers: set[str] = set()
    rows = Deployment.objects.filter(model=deployment.model_id, is_enabled=True).exclude(
        provider_account=None
    )
    for each in rows.select_related("provider_account").order_by("id"):
        row = _price(each, "", now)
        if row is None or each.provider_account is None:
            continue
        providers.add(each.provider_account.provider)
        name_there = f"{name} at {each.provider_account.name}"
        yield _direct_list(name_there, price_entry(row), choice, source=row.source, note="Your account.")
    for offer in read_direct().offers:
        entry = _listed(offer, now) if offer.model_id == deployment.model.model_id else None
        if entry is None or offer.provider in providers:
            continue
        name_there = f"{name} at {ProviderKind(offer.provider).label}"
        note = "Its list price: you have no account there yet."
        yield _direct_list(name_there, entry, choice, source=offer.source, note=note)


def _direct_list(name: str, price: PriceEntry, choice: Choice, *, source: str, note: str) -> PriceList:
    return PriceList(
        name=name, way="direct", price=price, discount=choice.direct_discount, fixed=choice.direct_fixed_nanos,
        source=source, note=note,
    )  # fmt: skip


def _listed(offer: DirectOffer, now: datetime) -> PriceEntry | None:
    for each in offer.prices:
        if each.tier == "" and each.input is not None:
            return price_entry(Price(valid_from=now, **each.columns()))
    return None


def _own(own: OwnPrice, now: datetime) -> PriceList:
    rates = Rates(
        input=own.input_nanos,
        output=own.output_nanos,
        cache_read=own.cache_read_nanos,
        cache_write=own.cache_write_nanos,
    )
    entry = PriceEntry(valid_from=now, valid_until=None, rates=rates)
    return PriceList(name=own.name, way="own", price=entry, fixed=own.fixed_nanos, note="Typed in.")


def halved(entry: PriceEntry) -> PriceEntry:
    """A price at the part of it that batch inference costs."""
    return replace(
        entry, rates=_part(entry.rates), long_rates=_part(entry.long_rates) if entry.long_rates else None
    )


def _part(rates: Rates) -> Rates:
    """Half of input and output, and nothing less for what a cache might keep: that batches read from one is nowhere promised."""
    return Rates(input=ceil(rates.input * BATCH_PART), output=ceil(rates.output * BATCH_PART))


def _first(name: str, now: datetime) -> Deployment | None:
    route = Route.objects.filter(name=name).first()
    targets = route.targets.filter(deployment__is_enabled=True).order_by("position", "id") if route else ()
    for target in targets:
        deployment = Deployment.objects.select_related("model", "provider_account").get(
            pk=target.deployment_id
        )
        if _price(deployment, "", now) is not None:
            return deployment
    return None


def _price(deployment: Deployment, tier: str, now: datetime) -> Price | None:
    rows = Price.objects.filter(deployment=deployment, tier=tier, valid_from__lte=now).exclude(
        valid_until__lte=now
    )
    return rows.order_by("-valid_from").first()


def _place(deployment: Deployment) -> str:
    return f"{deployment.profile}. in {deployment.region}" if deployment.profile else deployment.region
