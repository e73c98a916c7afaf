"""The admin pages of the app, each in the folder of its noun; Django looks for them here."""

from gateway.batches.admin.batches import BatchAdmin
from gateway.cache.admin.entries import CacheEntryAdmin
from gateway.cache.admin.figures import CacheFiguresAdmin
from gateway.cache.admin.pairs import CachePairAdmin
from gateway.cache.admin.purges import CachePurgeAdmin
from gateway.catalogue.admin.cache_rules import CacheRuleAdmin
from gateway.catalogue.admin.deployments import DeploymentAdmin
from gateway.catalogue.admin.models import ModelPageAdmin
from gateway.catalogue.admin.prices import PriceAdmin
from gateway.catalogue.admin.provider_accounts import ProviderAccountAdmin
from gateway.catalogue.admin.routes import RouteAdmin
from gateway.catalogue.admin.rules import ModelQualityAdmin, RoutingRuleAdmin
from gateway.costs.admin.analysis import CostScenarioAdmin
from gateway.decisions.admin import RoutingDecisionAdmin
from gateway.discovery.admin.discovered import DiscoveredAdmin
from gateway.jobs.admin.jobs import JobAdmin

__all__ = [
    "BatchAdmin",
    "CacheEntryAdmin",
    "CacheFiguresAdmin",
    "CachePairAdmin",
    "CachePurgeAdmin",
    "CacheRuleAdmin",
    "CostScenarioAdmin",
    "DeploymentAdmin",
    "DiscoveredAdmin",
    "JobAdmin",
    "ModelPageAdmin",
    "ModelQualityAdmin",
    "PriceAdmin",
    "ProviderAccountAdmin",
    "RouteAdmin",
    "RoutingDecisionAdmin",
    "RoutingRuleAdmin",
]
