"""PURE: the families that models are counted by."""

from gateway.snapshot.state import DeploymentEntry


def family_of(deployment: DeploymentEntry) -> str:
    """The vendor as model ids begin with: `anthropic`, `amazon`, …"""
    return deployment.model_id.partition(".")[0]
