"""What is pinned to a region, or to AWS, stays there: fall-backs too, and whatever is asked on behalf of a call."""

from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.call import Call
from gateway.catalogue.wishes import Wishes
from gateway.routing.candidates import candidates, routed
from gateway.snapshot.accounts import AccountEntry
from gateway.snapshot.state import RouteEntry
from tests.bench import choosing

_LIVE: Any = None  # nothing is scored
OUTSIDE = AccountEntry(
    id=1, name="Direct", provider="openai", base_url="https://api.openai.com/v1", organisation="", key="k"
)


def route(name: str, *regions: str, pins: tuple[str, ...] = (), **fields: Any) -> RouteEntry:
    """To a deployment in each region; `openai` is none of AWS's."""
    one = choosing._route("ordered")
    deployments = tuple(
        replace(
            one.deployments[0], id=hash((name, region)), region=region, invoke_id="amazon.nova-lite-v1:0",
            account=OUTSIDE if region == "openai" else None,
        )
        for region in regions
    )  # fmt: skip
    return replace(one, name=name, deployments=deployments, regions=pins, **fields)


def call_of(own: RouteEntry, wishes: Wishes | None = None) -> Call:
    call = choosing._call(own)
    call.request = replace(call.request, wishes=wishes)
    key: Any = SimpleNamespace(
        team=replace(call.key.team, may_leave_aws=True), budgets=(), rate_limits=(), application_id=1, id=1,
        may_call=lambda *_: True,
    )  # fmt: skip
    call.key = key
    return call


def test_a_fall_back_stays_where_the_route_of_the_call_is_pinned_to():
    own = route("own", "eu-central-1", pins=("eu",), fallbacks=("other",))
    other = route("other", "us-east-1", "eu-west-1", "openai")
    snapshot = replace(choosing._SNAPSHOT, routes={"own": own, "other": other})
    found = routed(call_of(own), own, Random(1), snapshot, _LIVE)
    assert [each.region for each in found.deployments] == ["eu-central-1", "eu-west-1"]


@pytest.mark.parametrize(
    ("pins", "wishes", "there"),
    [
        ((), None, ["us-east-1", "eu-west-1", "openai"]),
        (("eu",), None, ["eu-west-1"]),
        ((), Wishes(region="us"), ["us-east-1"]),
        ((), Wishes(compliance=True), ["us-east-1", "eu-west-1"]),
        (("eu",), Wishes(region="eu-west-1"), ["eu-west-1"]),
    ],
)
def test_what_is_asked_on_behalf_of_a_call_goes_no_further_than_it_might(pins, wishes, there):
    own = route("own", "eu-central-1", "eu-west-1", "us-east-1", pins=pins)
    call = call_of(own, wishes)
    call.routed = routed(call, own, Random(1), choosing._SNAPSHOT, _LIVE)
    inner = call.inner(model="other", conversation=call.conversation).inner(
        model="other", conversation=call.conversation
    )
    inner.key = call.key
    found = candidates(inner, route("other", "us-east-1", "eu-west-1", "openai"), Random(1))
    assert [each.region for each in found] == there
