"""The models of the app, each in the folder of its noun; Django looks for them here."""

from gateway.catalogue.choices import ModelKind
from gateway.catalogue.models import (
    Deployment,
    DeploymentEvent,
    Model,
    ModelQuality,
    Price,
    ProviderAccount,
    Route,
    RouteTarget,
    RoutingRule,
    RuleUse,
    TeamInferenceProfile,
)
from gateway.costs.models import CostScenario
from gateway.decisions.models import RoutingDecision
from gateway.discovery.models import Discovered, DiscoveredList, EndingUse, ModelNews
from gateway.jobs.models import Job, JobPause

__all__ = [
    "CostScenario",
    "Deployment",
    "DeploymentEvent",
    "Discovered",
    "DiscoveredList",
    "EndingUse",
    "Job",
    "JobPause",
    "Model",
    "ModelKind",
    "ModelNews",
    "ModelQuality",
    "Price",
    "ProviderAccount",
    "Route",
    "RouteTarget",
    "RoutingDecision",
    "RoutingRule",
    "RuleUse",
    "TeamInferenceProfile",
]
