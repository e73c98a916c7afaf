"""PURE: the deployments of a route that can take a call, in the order in which they are tried."""

from dataclasses import replace
from random import Random

from gateway.call import Call
from gateway.catalogue.policy import price_at
from gateway.routing.plan import plan
from gateway.snapshot.state import DeploymentEntry, RouteEntry


def candidates(call: Call, route: RouteEntry, random: Random) -> tuple[DeploymentEntry, ...]:
    """Those of the kind asked for that have a price, and that the team may use; each under the team's own inference profile,
    where it has one.
    """
    profiles, may_leave_aws = call.key.team.inference_profiles, call.key.team.may_leave_aws
    return tuple(
        deployment
        if (profile := profiles.get(deployment.id)) is None
        else replace(deployment, invoke_id=profile)
        for deployment in plan(route, random)
        if deployment.kind == call.request.kind
        and (may_leave_aws or deployment.account is None)
        and price_at(deployment.prices, call.moment, call.tier) is not None
    )
