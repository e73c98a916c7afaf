"""Models, where they can be called, at which price, and the names that lead to them."""

from gateway.catalogue.models.cache_rule import CacheRule
from gateway.catalogue.models.deployment import Deployment, RuleUse, TeamInferenceProfile
from gateway.catalogue.models.event import DeploymentEvent
from gateway.catalogue.models.model import Model
from gateway.catalogue.models.price import Price
from gateway.catalogue.models.provider_account import ProviderAccount, ProviderKind
from gateway.catalogue.models.route import Route, RouteTarget
from gateway.catalogue.models.rule import ModelQuality, RoutingRule

__all__ = [
    "CacheRule",
    "Deployment",
    "DeploymentEvent",
    "Model",
    "ModelQuality",
    "Price",
    "ProviderAccount",
    "ProviderKind",
    "Route",
    "RouteTarget",
    "RoutingRule",
    "RuleUse",
    "TeamInferenceProfile",
]
