"""The models of the app, each in the folder of its noun; Django looks for them here."""

from gateway.catalogue.choices import ModelKind
from gateway.catalogue.models import (
    Deployment,
    Model,
    Price,
    Route,
    RouteTarget,
    RuleUse,
    TeamInferenceProfile,
)
from gateway.jobs.models import Job, JobPause

__all__ = [
    "Deployment",
    "Job",
    "JobPause",
    "Model",
    "ModelKind",
    "Price",
    "Route",
    "RouteTarget",
    "RuleUse",
    "TeamInferenceProfile",
]
