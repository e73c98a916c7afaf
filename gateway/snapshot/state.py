"""PURE: what a call needs to know, in memory. Immutable; swapped whole when anything in it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from gateway.catalogue.cache_rules import CacheRules
from gateway.catalogue.capability import Capability
from gateway.catalogue.policy import PriceEntry
from gateway.catalogue.quotas import Quotas
from gateway.catalogue.routing_rules import RuleEntry, Weights
from gateway.catalogue.rules import Actions
from gateway.snapshot.accounts import AccountEntry
from gateway.snapshot.prompts import Prompts
from governance.limits.policy.scopes import Scope
from governance.privacy.policy.ruleset import RuleSet
from prompts.knowledge.policy.context import SourceEntry
from prompts.knowledge.policy.knowledge import BaseEntry

if TYPE_CHECKING:
    from gateway.snapshot.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetEntry:
    id: int
    name: str
    scope: Scope
    period: str
    time_zone: str
    when_exceeded: str = "refuse"
    cheaper_model: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEntry:
    """So much more, from `starts_at` up to, not including, `ends_at`, for one subject or, with "", for each."""

    subject: str
    amount: int
    starts_at: datetime
    ends_at: datetime

    def holds(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitEntry:
    """`period_seconds` is 0 for calls at once."""

    id: int
    name: str
    scope: Scope
    metric: str
    period_seconds: int
    limit: int
    grants: tuple[GrantEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEntry:
    id: int
    name: str
    weight: int
    response_days: int
    """For how long responses are stored; 0: they are not."""
    placeholder_key: bytes
    inference_profiles: dict[int, str]
    """ARNs by deployment: what AWS is asked for in its place, so that its bill names the team."""
    end_user_from: tuple[str, ...] = ()
    session_from: tuple[str, ...] = ()
    """Where clients tell it, in order (gateway/call/identity.py)."""
    may_leave_aws: bool = False
    """Whether its calls may go to providers beside Bedrock."""
    time_zone: str = "UTC"
    """By whose clock its half-days begin."""
    loop_action: str = "off"
    loop_repeats: int = 3
    loop_tokens: int = 0
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """An API key that has not been revoked, with whom it speaks for."""

    id: int
    key_id: str
    secret_hash: bytes
    application_id: int
    application_name: str
    is_active: bool
    is_internal: bool
    """Whether Gatehouse itself calls with it: only then drafts of prompts can be run."""
    team: TeamEntry
    expires_at: datetime | None
    allowed_models: frozenset[str]
    granted_models: tuple[tuple[str, datetime, datetime], ...]
    """Models that may be called for a time although `allowed_models` does not name them: from, up to."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...]
    budgets: tuple[BudgetEntry, ...]
    """All that a call of this key can fall under; the same for the next."""
    rate_limits: tuple[RateLimitEntry, ...]
    rules: RuleSet
    """Of privacy: what is looked for and what is done about it."""

    def may_call(self, model: str, now: datetime) -> bool:
        """Whether the key may call a route now."""
        return (
            not self.allowed_models
            or model in self.allowed_models
            or any(name == model and start <= now < end for name, start, end in self.granted_models)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEntry:
    id: int
    model_id: str
    name: str = ""
    """Of the model, for people."""
    kind: str
    vendor: str
    region: str
    invoke_id: str
    capability: Capability
    actions: Actions
    """What is done where a request asks for what the model can't. The same object for the same actions."""
    prices: tuple[PriceEntry, ...]
    weight: int
    quotas: Quotas | None = None
    ends_on: date | None = None
    """When AWS ends its model."""
    defaults: tuple[float | None, float | None] | None = None
    """Temperature and top_p of calls that set none, the route's before the model's; None where neither says any."""
    account: AccountEntry | None = None
    """With whom it is, beside AWS; None: it is Bedrock's."""
    released: date | None = None
    """When its model came out, where that is known."""

    @property
    def is_in_aws(self) -> bool:
        """Whether what is asked there stays within AWS."""
        return self.account is None or self.account.is_aws

    # What each call reads again and again of what the model can do.
    context_window: int = field(init=False)
    max_output_tokens: int = field(init=False)
    supports_prompt_cache: bool = field(init=False)

    def __post_init__(self) -> None:
        for name in ("context_window", "max_output_tokens", "supports_prompt_cache"):
            object.__setattr__(self, name, getattr(self.capability, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowEntry:
    """Where a share of a route's calls, from 0 to 1, is copied to."""

    route: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEntry:
    name: str
    strategy: str
    default_max_tokens: int | None
    max_tokens_limit: int | None
    expected_output_tokens: int
    timeout_seconds: int
    wait_seconds: int
    created_at: datetime
    deployments: tuple[DeploymentEntry, ...]
    prompt_cache: str = "caller"
    """Who sets cache points: the caller alone, or `auto`: Gatehouse where the caller sets none."""
    attempts: int | None = None
    regions: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    weights: Weights | None = None
    """Of scores; None: the usual ones."""
    tighten_only: frozenset[str] = frozenset()
    """Wishes of callers that may not make a call dearer than the default."""
    shadow: ShadowEntry | None = None

    def is_open_to(self, team: TeamEntry) -> bool:
        """Whether a team may use any of it: where all of it is outside of AWS, it must be let leave."""
        return team.may_leave_aws or any(each.is_in_aws for each in self.deployments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Keys by their public id; routes by each of their names."""

    keys: dict[str, KeyEntry] = field(default_factory=dict)
    routes: dict[str, RouteEntry] = field(default_factory=dict)
    names: Names | None = None
    """Whatever else callers call them."""
    route_names: tuple[str, ...] = ()
    retired: dict[str, str] = field(default_factory=dict)
    """Models that AWS has ended: the ID of the one to use in their place, by ID and by name."""
    data_keys: dict[int, int] = field(default_factory=dict)
    """Of each team that has one, the id of its live key."""
    prompts: Prompts = field(default_factory=dict)
    bases: dict[tuple[int, str], BaseEntry] = field(default_factory=dict)
    """Knowledge bases by team and name."""
    routing_rules: tuple[RuleEntry, ...] = ()
    cache_rules: CacheRules = field(default_factory=CacheRules)
    qualities: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """From 0 to 1, by model ID and scope: `prompt:<id>`, `feature:<name>` or ""."""
    context: dict[tuple[int, str], SourceEntry] = field(default_factory=dict)
    """Context sources by team and name."""
    built_at: datetime | None = None

    def route(self, name: str, team: TeamEntry | None = None) -> RouteEntry | None:
        """The route that a caller means: by its name, an alias, or another spelling of one; None where there is none."""
        route = self.routes.get(name)
        if route is not None or self.names is None:
            return route
        return self.names.find(name, team.inference_profiles if team is not None else None)
