"""The models of the app, each in the folder of its noun; Django looks for them here."""

from gateway.batches.models import Batch, BatchFault, FileChunk, StoredFile
from gateway.cache.models import CacheEntry, CacheEvidence, CachePair, CachePurge, CacheUse
from gateway.catalogue.choices import ModelKind
from gateway.catalogue.models import (
    CacheRule,
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
    "Batch",
    "BatchFault",
    "CacheEntry",
    "CacheEvidence",
    "CachePair",
    "CachePurge",
    "CacheRule",
    "CacheUse",
    "CostScenario",
    "Deployment",
    "DeploymentEvent",
    "Discovered",
    "DiscoveredList",
    "EndingUse",
    "FileChunk",
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
    "StoredFile",
    "TeamInferenceProfile",
]
