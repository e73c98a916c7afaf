"""The models of all regions, with what each can, costs and may be sent, and whether it is deployed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from gateway.catalogue.models import Deployment, Model, Price
from gateway.catalogue.services.quotas import QUOTAS
from gateway.discovery.models import Discovered, FoundKind

ABILITIES = (
    ("tools", "supports_tools"), ("images", "supports_images"), ("documents", "supports_documents"),
    ("prompt cache", "supports_prompt_cache"), ("thinking", "thinking"), ("JSON Schema", "supports_structured_output"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of calling a model in a region: `""` by its own ID, else by a profile's prefix."""

    found_id: int
    profile: str
    region: str
    deployment_id: int | None = None
    is_enabled: bool = False
    input_rate: int | None = None
    output_rate: int | None = None
    """Nano-dollars per million tokens, now; None where there is no price."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None


@dataclass(slots=True, kw_only=True)
class MatrixRow:
    """A foundation model with its ways by region."""

    model_id: str
    name: str
    vendor: str
    status: str
    ends_on: str | None
    catalogue_id: int | None = None
    abilities: list[str] = field(default_factory=list)
    ways: dict[str, list[Way]] = field(default_factory=lambda: defaultdict(list))

    def see(self, found: Discovered) -> None:
        """One more region: legacy in one is legacy, and the soonest end counts, as in the catalogue."""
        if found.state == "LEGACY":
            self.status = found.state
        if (end := found.facts.get("ends_on")) and (self.ends_on is None or end < self.ends_on):
            self.ends_on = end


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixQuery:
    """What of it is wanted; empty: everything."""

    region: str = ""
    vendor: str = ""
    ability: str = ""
    deployed: str = ""
    """`yes` or `no`."""
    search: str = ""


def regions_found() -> list[str]:
    """Those that discovery has looked at."""
    return list(Discovered.objects.order_by("region").values_list("region", flat=True).distinct())


def vendors_found() -> list[str]:
    rows = Discovered.objects.filter(kind=FoundKind.FOUNDATION, gone_at=None).order_by()
    return sorted(
        {str(vendor) for vendor in rows.values_list("facts__vendor", flat=True).distinct() if vendor}
    )


def matrix(query: MatrixQuery, *, now: datetime) -> list[MatrixRow]:
    """Foundation models as they are found, by vendor and name."""
    found = Discovered.objects.filter(
        kind__in=(FoundKind.FOUNDATION, FoundKind.PROFILE), gone_at=None
    ).order_by("region", "identifier")
    if query.region:
        found = found.filter(region=query.region)
    columns = [column for _, column in ABILITIES]
    models = {model.model_id: model for model in Model.objects.only("model_id", *columns).order_by()}
    deployments = _deployments(now)
    rows: dict[str, MatrixRow] = {}
    profiles: list[Discovered] = []
    for each in found:
        if each.kind == FoundKind.PROFILE:
            profiles.append(each)
            continue
        row = rows.get(each.identifier)
        if row is None:
            row = rows[each.identifier] = _row(each, models.get(each.identifier))
        row.see(each)
        if "ON_DEMAND" in each.facts.get("ways", ()):
            place = (each.identifier, "", each.region)
            row.ways[each.region].append(_way(each, "", deployments.get(place)))
    for each in profiles:
        prefix, _, model_id = each.identifier.partition(".")
        if model_id not in rows:
            continue
        is_named = prefix in Deployment.Profile.values
        place = (model_id, prefix, each.region) if is_named else ("", str(each.facts.get("arn")), each.region)
        rows[model_id].ways[each.region].append(_way(each, prefix, deployments.get(place)))
    kept = [row for row in rows.values() if _is_wanted(row, query)]
    return sorted(kept, key=lambda row: (row.vendor, row.name, row.model_id))


def found_of(*kinds: str, region: str = "") -> list[Discovered]:
    """What else an account has, that is there still."""
    rows = Discovered.objects.filter(kind__in=kinds, gone_at=None)
    return list(rows.filter(region=region) if region else rows)


def deployed_arns() -> set[str]:
    """What is called by an ARN, already."""
    return set(Deployment.objects.exclude(arn="").values_list("arn", flat=True))


def _row(found: Discovered, model: Model | None) -> MatrixRow:
    facts = found.facts
    abilities = [name for name, column in ABILITIES if model is not None and getattr(model, column)]
    if model is None:
        abilities = [name.lower() for name in facts.get("takes", ()) if name != "TEXT"]
    return MatrixRow(
        model_id=found.identifier,
        name=found.name,
        vendor=str(facts.get("vendor") or ""),
        status=found.state,
        ends_on=facts.get("ends_on"),
        catalogue_id=None if model is None else model.pk,
        abilities=abilities,
    )


Deployed = dict[tuple[str, str, str], tuple[Deployment, Price | None]]


def _deployments(now: datetime) -> Deployed:
    """Bedrock's own, by model, profile and region, or by "", ARN and region, each with its usual price now."""
    in_force = Q(valid_until=None) | Q(valid_until__gt=now)
    prices: dict[int, Price] = {}
    in_order = Price.objects.filter(in_force, tier="", valid_from__lte=now).order_by("valid_from")
    for price in in_order.only("deployment_id", "input_rate", "output_rate"):
        prices[price.deployment_id] = price
    rows = (
        Deployment.objects.filter(provider_account=None)
        .order_by()
        .select_related("model")
        .only("profile", "region", "arn", "is_enabled", "model__model_id", *QUOTAS)
    )
    return {
        ("", each.arn, each.region) if each.arn else (each.model.model_id, each.profile, each.region): (
            each,
            prices.get(each.pk),
        )
        for each in rows
    }


def _way(found: Discovered, profile: str, known: tuple[Deployment, Price | None] | None) -> Way:
    if known is None:
        return Way(found_id=found.pk, profile=profile, region=found.region)
    deployment, price = known
    return Way(
        found_id=found.pk,
        profile=profile,
        region=found.region,
        deployment_id=deployment.pk,
        is_enabled=deployment.is_enabled,
        input_rate=None if price is None else price.input_rate,
        output_rate=None if price is None else price.output_rate,
        **{name: getattr(deployment, name) for name in QUOTAS},
    )


def _is_wanted(row: MatrixRow, query: MatrixQuery) -> bool:
    ways = [way for several in row.ways.values() for way in several]
    has = any(way.deployment_id for way in ways)
    return (
        (not query.vendor or row.vendor == query.vendor)
        and (not query.ability or query.ability in row.abilities)
        and (not query.deployed or has == (query.deployed == "yes"))
        and (not query.search or query.search.lower() in f"{row.name} {row.model_id}".lower())
    )


def by_identifier(rows: Iterable[Discovered]) -> list[tuple[str, str, dict[str, Discovered]]]:
    """Things of the same name and ID in several regions, as one line of a table: name, ID, and rows by region."""
    found: dict[tuple[str, str], dict[str, Discovered]] = {}
    for row in rows:
        found.setdefault((row.name, row.identifier), {})[row.region] = row
    return [(name, identifier, regions) for (name, identifier), regions in found.items()]
