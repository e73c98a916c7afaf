"""Reading the catalogue."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from gateway.catalogue.cache_rules import CacheRuleEntry
from gateway.catalogue.capability import CAPABILITY_FIELDS, Capability
from gateway.catalogue.choices import ModelKind
from gateway.catalogue.models import CacheRule, Deployment, Model, ModelQuality, Price, Route, RoutingRule
from gateway.catalogue.policy import PriceEntry, Rates
from gateway.catalogue.quotas import Quotas
from gateway.catalogue.routing_rules import RuleEntry, Weights
from gateway.catalogue.seed import read_retired

_REVISION = re.compile(r"(-v\d+)?(:\d+)?$")
_DATE = re.compile(r"-(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_VERSION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)?$")


def capability_of(model: Model) -> Capability:
    """What a model can take and give."""
    facts: dict[str, Any] = {}
    for name in CAPABILITY_FIELDS:
        fact = getattr(model, name)
        facts[name] = tuple(fact) if isinstance(fact, list) else fact
    return Capability(**facts)


def quotas_of(deployment: Deployment) -> Quotas | None:
    """What its provider lets through in a minute; None where nothing is known."""
    quotas = Quotas(
        pool=deployment.quota_pool or f"{deployment.region}:{deployment.invoke_id}",
        requests=deployment.requests_per_minute,
        tokens=deployment.tokens_per_minute,
        input_tokens=deployment.input_tokens_per_minute,
        output_tokens=deployment.output_tokens_per_minute,
        burndown=deployment.model.output_burndown,
    )
    return quotas if quotas.most else None


def successors(*, today: date | None = None) -> dict[str, str]:
    """The model to use in the place of each that AWS has ended, by their IDs; where that has ended too, the one after it."""
    today = today or timezone.now().date()
    ended = (
        Model.objects.filter(end_of_life__lt=today).exclude(successor="").values_list("model_id", "successor")
    )
    found = {each.model_id: each.successor for each in read_retired()} | dict(ended)
    return {model_id: _last(model_id, found) for model_id in found}


def _last(model_id: str, found: Mapping[str, str]) -> str:
    seen = {model_id}
    successor = found[model_id]
    while successor in found and successor not in seen:
        seen.add(successor)
        successor = found[successor]
    return successor


def successor_of(model_id: str, said: str, known: Mapping[str, str]) -> str:
    """What to use in a model's place: as its row says, else as the catalogue does, and where that has ended too, the one after it.

    `known` is `successors()`; "" where nobody says any.
    """
    found = known.get(said, said) if said else known.get(model_id, "")
    return "" if found == model_id else found


def retired_names(*, today: date | None = None) -> dict[str, str]:
    """What to use in the place of models that AWS has ended, by their IDs and names."""
    found: dict[str, str] = {}
    for model_id, successor in successors(today=today).items():
        found |= dict.fromkeys(spellings(model_id), successor)
    return found


def spellings(model_id: str) -> set[str]:
    """How callers write a model's ID: with and without vendor, date and version, and as its vendor's own API has it."""
    found: set[str] = set()
    for name in (model_id, model_id.partition(".")[2]):
        plain = _VERSION.sub("", name)
        found |= {name, _REVISION.sub("", name), plain, f"{plain}-latest"}
    return found


def price_entry(price: Price) -> PriceEntry:
    """A price as calls are charged by it."""
    rates = Rates(
        input=price.input_rate,
        output=price.output_rate,
        cache_read=price.cache_read_rate,
        cache_write=price.cache_write_rate,
        cache_write_1h=price.cache_write_1h_rate,
    )
    long_rates = None
    if price.long_context_threshold is not None and price.long_input_rate is not None:
        long_rates = Rates(
            input=price.long_input_rate,
            output=price.output_rate if price.long_output_rate is None else price.long_output_rate,
            cache_read=price.long_cache_read_rate,
            cache_write=price.long_cache_write_rate,
            cache_write_1h=price.long_cache_write_1h_rate,
        )
    return PriceEntry(
        id=price.pk,
        tier=price.tier,
        valid_from=price.valid_from,
        valid_until=price.valid_until,
        rates=rates,
        request=price.request_rate or 0,
        image=price.image_rate or 0,
        long_threshold=price.long_context_threshold,
        long_rates=long_rates,
    )


def released_of(model: Model) -> date | None:
    """When a model came out: as its row says, or the date in its ID."""
    if model.released_on is not None or (found := _DATE.search(model.model_id)) is None:
        return model.released_on
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def rule_entries(rules: Iterable[RoutingRule] | None = None) -> tuple[RuleEntry, ...]:
    """Routing rules in their order: those that are enabled, or those that are given."""
    return tuple(
        rule_entry(rule) for rule in (RoutingRule.objects.filter(is_enabled=True) if rules is None else rules)
    )


def rule_entry(rule: RoutingRule) -> RuleEntry:
    return RuleEntry(
        id=rule.pk or 0,
        name=rule.name,
        asks=rule.asks,
        use_cases=frozenset(rule.use_cases),
        routes=frozenset(rule.routes),
        choose=rule.choose,
        quality_bar=rule.quality_bar,
        regions=tuple(rule.regions),
        weights=weights_of(rule),
        confidence=rule.confidence,
    )


def cache_rule_entries() -> list[CacheRuleEntry]:
    """Cache rules that are switched on, the oldest first."""
    rows = CacheRule.objects.filter(is_enabled=True).select_related("route", "embedder").order_by("pk")
    return [
        CacheRuleEntry(
            id=rule.pk,
            name=rule.name,
            team_id=rule.team_id,
            route="" if rule.route is None else rule.route.name,
            prompt_id=rule.prompt_id,
            exact=rule.exact,
            seconds=rule.seconds,
            max_temperature=rule.max_temperature,
            with_tools=rule.with_tools,
            semantic=rule.semantic,
            min_similarity=rule.min_similarity,
            error_bound=rule.error_bound,
            check_share=rule.check_share,
            embedder="" if rule.embedder is None else rule.embedder.name,
            semantic_seconds=rule.semantic_ms / 1000,
            max_characters=rule.max_characters,
            slots=rule.slots,
            slot_seconds=rule.slot_seconds,
            stale_seconds=rule.stale_seconds,
            retrieval=rule.retrieval,
            counts_requests=rule.counts_requests,
        )
        for rule in rows
    ]


def embedding_routes() -> "QuerySet[Route]":
    """Routes that make vectors."""
    return Route.objects.filter(targets__deployment__model__kind=ModelKind.EMBEDDING).distinct()


def weights_of(row: Route | RoutingRule) -> Weights | None:
    """Those of a route or a rule; None where it has none of its own."""
    if row.weight_cost is None or row.weight_quality is None or row.weight_latency is None:
        return None
    return Weights(cost=row.weight_cost, quality=row.weight_quality, latency=row.weight_latency)


def qualities() -> dict[tuple[str, str], float]:
    """By model ID and scope. What an admin says comes before what was measured."""
    rows = ModelQuality.objects.order_by("source").values_list("model__model_id", "scope", "score")
    return {(model_id, scope): score for model_id, scope, score in rows}
