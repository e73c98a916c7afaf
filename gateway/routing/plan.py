"""PURE: in which order the deployments of a route are tried, and the families that models are counted by."""

from random import Random

from gateway.snapshot.state import DeploymentEntry, RouteEntry


def plan(route: RouteEntry, random: Random) -> tuple[DeploymentEntry, ...]:
    """The attempts of a call: as ordered, or drawn by weight without replacement, the rest as fall-backs."""
    if route.strategy != "weighted" or len(route.deployments) < 2:
        return route.deployments
    remaining = [deployment for deployment in route.deployments if deployment.weight > 0]
    drawn: list[DeploymentEntry] = []
    while remaining:
        (chosen,) = random.choices(remaining, [deployment.weight for deployment in remaining])
        remaining.remove(chosen)
        drawn.append(chosen)
    return tuple(drawn)


def family_of(deployment: DeploymentEntry) -> str:
    """The vendor as model ids begin with: `anthropic`, `amazon`, …"""
    return deployment.model_id.partition(".")[0]
