"""The models of the app, each in the folder of its noun; Django looks for them here."""

from gateway.batches.models import Batch, BatchFault, FileChunk, StoredFile
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
from gateway.jobs.models import Job, JobPause

__all__ = [
    "Batch",
    "BatchFault",
    "Deployment",
    "DeploymentEvent",
    "FileChunk",
    "Job",
    "JobPause",
    "Model",
    "ModelKind",
    "Price",
    "ProviderAccount",
    "Route",
    "RouteTarget",
    "RuleUse",
    "StoredFile",
    "TeamInferenceProfile",
]
