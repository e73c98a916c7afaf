"""PURE: what a call needs to know, in memory. Immutable; swapped whole when anything in it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from gateway.pricing import PriceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetEntry:
    id: int
    period: str
    time_zone: str
    limit_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEntry:
    id: int
    name: str
    placeholder_key: bytes
    budgets: tuple[BudgetEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """An API key that has not been revoked, with whom it speaks for."""

    id: int
    key_id: str
    secret_hash: bytes
    application_id: int
    application_name: str
    is_active: bool
    team: TeamEntry
    expires_at: datetime | None
    allowed_models: frozenset[str]
    allowed_networks: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEntry:
    id: int
    model_id: str
    vendor: str
    region: str
    invoke_id: str
    context_window: int
    max_output_tokens: int
    supports_prompt_cache: bool
    prices: tuple[PriceEntry, ...]
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEntry:
    name: str
    strategy: str
    default_max_tokens: int
    max_tokens_limit: int | None
    timeout_seconds: int
    created_at: datetime
    deployments: tuple[DeploymentEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Keys by their public id; routes by each of their names."""

    keys: dict[str, KeyEntry] = field(default_factory=dict)
    routes: dict[str, RouteEntry] = field(default_factory=dict)
    route_names: tuple[str, ...] = ()
    built_at: datetime | None = None
