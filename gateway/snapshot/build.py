"""Builds the snapshot from the database, with the ORM, in a few queries."""

from collections import defaultdict
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet

from accounts.models import ApiKey, Team
from accounts.services.root_secret import root_secret
from gateway.catalogue.cache_rules import cache_rules
from gateway.catalogue.capability import Capability
from gateway.catalogue.choices import Sampling
from gateway.catalogue.direct import taken_by
from gateway.catalogue.models import Deployment, Model, Price, ProviderAccount, Route, RouteTarget
from gateway.catalogue.policy import PriceEntry
from gateway.catalogue.rules import actions_of
from gateway.catalogue.selectors import (
    cache_rule_entries,
    capability_of,
    price_entry,
    qualities,
    quotas_of,
    released_of,
    retired_names,
    rule_entries,
    weights_of,
)
from gateway.catalogue.services.account_keys import key_of
from gateway.snapshot.accounts import AccountEntry
from gateway.snapshot.build_prompts import build_prompts
from gateway.snapshot.limits import SnapshotLimits
from gateway.snapshot.names import Names
from gateway.snapshot.state import DeploymentEntry, KeyEntry, RouteEntry, ShadowEntry, Snapshot, TeamEntry
from governance.limits.models import Grant
from governance.privacy.selectors import Policies
from governance.records.models import TeamKey
from kernel.clock import utc_now
from kernel.placeholders import team_key
from prompts.knowledge.selectors import base_entries, source_entries


def build_snapshot() -> Snapshot:
    """Everything as it is now."""
    routes = _routes()
    by_name = {alias: route for aliases, route in routes for alias in aliases}
    by_name |= {route.name: route for _, route in routes}  # a route's own name wins over another's alias
    names = Names(routes)
    return Snapshot(
        keys=_keys(by_name, names),
        routes=by_name,
        names=names,
        route_names=tuple(route.name for _, route in routes),
        retired=retired_names(),
        data_keys=_data_keys(),
        prompts=build_prompts(),
        routing_rules=rule_entries(),
        cache_rules=cache_rules(cache_rule_entries()),
        qualities=qualities(),
        bases=base_entries(),
        context=source_entries(),
        built_at=utc_now(),
    )


def route_meant_by(name: str) -> str | None:
    """The name of the route that callers mean by another spelling; None where there is none."""
    found = Names(_routes()).find(name)
    return None if found is None else found.name


def _keys(routes: dict[str, RouteEntry], names: Names) -> dict[str, KeyEntry]:
    teams = {team.pk: _team(team) for team in Team.objects.prefetch_related("inference_profiles")}
    limits = SnapshotLimits()
    policies = Policies()
    granted = _granted_models()
    keys = ApiKey.objects.filter(revoked_at__isnull=True).select_related("application")
    return {
        key.key_id: KeyEntry(
            id=key.pk,
            key_id=key.key_id,
            secret_hash=bytes(key.secret_hash),
            application_id=key.application_id,
            application_name=key.application.name,
            is_active=key.application.is_active,
            is_internal=key.application.is_internal,
            team=teams[key.application.team_id],
            expires_at=key.expires_at,
            allowed_models=_allowed(key.allowed_models, routes, names),
            granted_models=tuple(granted[key.application_id]),
            allowed_networks=tuple(ip_network(network, strict=False) for network in key.allowed_networks),
            budgets=limits.budgets_of(key, key.application.team_id),
            rate_limits=limits.rate_limits_of(key, key.application.team_id),
            rules=policies.of(key.application.team_id, key.application_id),
        )
        for key in keys
    }


def _allowed(written: list[str], routes: dict[str, RouteEntry], names: Names) -> frozenset[str]:
    """What a key may call, with the routes that its entries mean under other names; what means none stays as it is."""
    means = {name: route.name for name in written if (route := routes.get(name) or names.find(name))}
    return frozenset(written) | frozenset(means.values())


def _data_keys() -> dict[int, int]:
    live = TeamKey.objects.filter(retired_at=None, erased_at=None)
    return dict(live.order_by().values_list("team_id", "pk"))


def _team(team: Any) -> TeamEntry:
    return TeamEntry(
        id=team.pk,
        name=team.name,
        weight=team.weight,
        response_days=team.response_days or 0,
        placeholder_key=team_key(root_secret(), str(team.public_id)),
        inference_profiles={profile.deployment_id: profile.arn for profile in team.inference_profiles.all()},
        end_user_from=tuple(team.end_user_from),
        session_from=tuple(team.session_from),
        may_leave_aws=team.may_leave_aws,
        time_zone=team.time_zone or settings.TIME_ZONE,
        loop_action=team.loop_action,
        loop_repeats=team.loop_repeats,
        loop_tokens=team.loop_tokens,
        regions=tuple(team.regions),
    )


def _granted_models() -> dict[int, list[tuple[str, datetime, datetime]]]:
    found: dict[int, list[tuple[str, datetime, datetime]]] = defaultdict(list)
    grants = Grant.objects.filter(application__isnull=False, revoked_at__isnull=True, ends_at__gt=utc_now())
    for grant in grants:
        found[grant.application_id or 0].append((grant.model, grant.starts_at, grant.ends_at))
    return found


Known = dict[tuple[int, str, str], Capability]
"""By model, and by provider and name there where that is not Bedrock: one object for all its deployments, so that telling
whether two are alike costs nothing."""
Accounts = dict[int, AccountEntry]


def entry_of(route: Route) -> RouteEntry:
    """One route as calls would see it, were it enabled."""
    ((_, entry),) = _routes(Route.objects.filter(pk=route.pk))
    return entry


def _routes(rows: QuerySet[Route] | None = None) -> list[tuple[list[str], RouteEntry]]:
    """Those that are enabled, or those that are given."""
    prices = _prices()
    known: Known = {}
    accounts = _accounts()
    in_use = Q(deployment__provider_account=None) | Q(deployment__provider_account__in=accounts)
    targets = RouteTarget.objects.filter(in_use, deployment__is_enabled=True).select_related(
        "deployment__model"
    )
    rows = Route.objects.filter(is_enabled=True) if rows is None else rows
    routes = rows.prefetch_related(Prefetch("targets", queryset=targets.order_by("position", "id")))
    return [
        (
            route.aliases,
            RouteEntry(
                name=route.name,
                strategy=route.strategy,
                default_max_tokens=route.default_max_tokens,
                max_tokens_limit=route.max_tokens_limit,
                expected_output_tokens=route.expected_output_tokens,
                timeout_seconds=route.timeout_seconds,
                wait_seconds=route.wait_seconds,
                created_at=route.created_at,
                attempts=route.attempts or _attempts(route),
                regions=tuple(route.regions),
                fallbacks=tuple(route.fallbacks),
                prompt_cache=route.prompt_cache,
                weights=weights_of(route),
                tighten_only=frozenset(route.tighten_only),
                shadow=_shadow(route),
                deployments=tuple(
                    _deployment(
                        route, target.deployment, target.weight, prices[target.deployment_id], known, accounts
                    )
                    for target in route.targets.all()
                ),
            ),
        )
        for route in routes
    ]


def _shadow(route: Route) -> ShadowEntry | None:
    """None where nothing is copied, or nothing says what that may cost."""
    if not (route.shadow_route and route.shadow_percent) or route.shadow_budget is None:
        return None
    return ShadowEntry(route=route.shadow_route, share=route.shadow_percent / 100)


def _attempts(route: Route) -> int | None:
    """As the models say; of several that do, the fewest."""
    said = [target.deployment.model.attempts for target in route.targets.all()]
    return min((each for each in said if each), default=None)


def _switched(rules: object, route: Route) -> tuple[tuple[str, str], ...]:
    """What an admin has switched; what is written there otherwise is overlooked, and holds no other deployment up."""
    pairs = rules.items() if isinstance(rules, dict) else ()
    switched = {name: word for name, word in pairs if isinstance(word, str)}
    if route.refuses_sampling:
        switched["sampling"] = "refuse"
    return tuple(sorted(switched.items()))


def _deployment(
    route: Route,
    deployment: Deployment,
    weight: int,
    prices: list[PriceEntry],
    known: Known,
    accounts: Accounts,
) -> DeploymentEntry:
    model, account = deployment.model, accounts.get(deployment.provider_account_id or 0)
    place = (model.pk, "" if account is None else account.provider, deployment.provider_model)
    capability = known.get(place)
    if capability is None:
        capability = capability_of(model)
        if account is not None:
            capability = taken_by(account.provider, capability, invoke_id=deployment.provider_model)
        known[place] = capability
    return DeploymentEntry(
        id=deployment.pk,
        model_id=model.model_id,
        name=model.name,
        kind=model.kind,
        vendor=model.vendor,
        region=deployment.region,
        invoke_id=deployment.invoke_id,
        capability=capability,
        actions=actions_of(_switched(deployment.rules, route)),
        prices=tuple(prices),
        weight=weight,
        quotas=quotas_of(deployment),
        ends_on=model.end_of_life if account is None else None,
        defaults=_defaults(route, model),
        account=account,
        released=released_of(model),
    )


def _defaults(route: Route, model: Model) -> tuple[float | None, float | None] | None:
    """Temperature and top_p: the route's, and what that does not say the model's. Of a model that takes one of them, what the
    route says goes alone."""
    own, models = ((each.default_temperature, each.default_top_p) for each in (route, model))
    if own != (None, None) and model.sampling == Sampling.ONE:
        return own
    found = tuple(given if given is not None else usual for given, usual in zip(own, models, strict=True))
    return None if found == (None, None) else (found[0], found[1])


def _accounts() -> Accounts:
    return {
        account.pk: AccountEntry(
            id=account.pk,
            name=account.name,
            provider=account.provider,
            base_url=account.base_url,
            organisation=account.organisation,
            key=key_of(account),
        )
        for account in ProviderAccount.objects.filter(is_enabled=True)
    }


def _prices() -> dict[int, list[PriceEntry]]:
    found: dict[int, list[PriceEntry]] = defaultdict(list)
    for price in Price.objects.order_by("deployment_id", "-valid_from"):
        found[price.deployment_id].append(price_entry(price))
    return found
