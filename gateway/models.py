"""The models of the app, each in the folder of its noun; Django looks for them here."""

from gateway.catalogue.choices import ModelKind
from gateway.catalogue.models import (
    Deployment,
    DeploymentEvent,
    Model,
    Price,
    ProviderAccount,
    Route,
    RouteTarget,
    RuleUse,
    TeamInferenceProfile,
)
from gateway.discovery.models import Discovered, DiscoveredList, EndingUse, ModelNews
from gateway.jobs.models import Job, JobPause

__all__ = [
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
    "Price",
    "ProviderAccount",
    "Route",
    "RouteTarget",
    "RuleUse",
    "TeamInferenceProfile",
]
