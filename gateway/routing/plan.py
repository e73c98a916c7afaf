"""PURE: in which order the deployments of a route are tried, and the families that models are counted by."""

from random import Random

from gateway.snapshot.state import DeploymentEntry, RouteEntry


def plan(route: RouteEntry, random: Random) -> tuple[DeploymentEntry, ...]:
    """The attempts of a call: as ordered, or drawn by weight without replacement, the rest as fall-backs."""
    if route.strategy != "weighted" or len(route.deployments) < 2:
        return route.deployments
    # Weighted sampling without replacement: Efraimidis and Spirakis, "Weighted Random Sampling with a Reservoir", 2006.
    drawn = [
        (random.random() ** (1 / each.weight), each.id, each) for each in route.deployments if each.weight
    ]
    drawn.sort(reverse=True)
    return tuple([each for _, _, each in drawn])


def family_of(deployment: DeploymentEntry) -> str:
    """The vendor as model ids begin with: `anthropic`, `amazon`, …"""
    return deployment.model_id.partition(".")[0]
