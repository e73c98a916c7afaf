"""Where a call may go, and whatever comes of it: fall-backs, other routes, copies and calls on its behalf."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from gateway.call import Call
from gateway.catalogue.routing_rules import BEDROCK, RuleEntry
from gateway.catalogue.wishes import Wishes
from gateway.conversation import Conversation
from gateway.refusals import Refusal
from gateway.routing.attempts import Attempts
from gateway.routing.candidates import routed
from gateway.routing.fleet.breaker import Limits
from gateway.routing.fleet.fleet import Fleet
from gateway.routing.residency import is_within
from gateway.snapshot.accounts import AccountEntry
from gateway.snapshot.state import DeploymentEntry, RouteEntry, Snapshot
from governance.limits.services.rate_limiter import RateLimiter
from tests.bench import choosing

URL = "redis://127.0.0.1:1"  # nothing listens there
OPENAI = AccountEntry(id=1, name="O", provider="openai", key="k")
MANTLE = AccountEntry(
    id=2, name="M", provider="openai-compatible", base_url="https://bedrock-mantle.us-east-1.api.aws/v1"
)


def deployment(number: int, region: str, account: AccountEntry | None = None) -> DeploymentEntry:
    first = choosing._route("ordered").deployments[0]
    return replace(first, id=number, region=region, account=account)


def route(name: str, *deployments: DeploymentEntry, **changes: Any) -> RouteEntry:
    return replace(choosing._route("ordered"), name=name, deployments=deployments, **changes)


US, EU, OUT = deployment(1, "us-east-1"), deployment(2, "eu-central-1"), deployment(3, "openai", OPENAI)
OTHER_EU, IN_AWS = deployment(4, "eu-west-1"), deployment(5, "us-east-1", MANTLE)
ROUTES = (route("anywhere", US, EU, OUT, OTHER_EU, IN_AWS), route("outside", OUT), route("states", US))
ALONE = RuleEntry(name="Bedrock alone", use_cases=frozenset({"hr"}), choose=BEDROCK)
IN_EUROPE = RuleEntry(name="Europe", use_cases=frozenset({"law"}), regions=("eu",))
SNAPSHOT = Snapshot(routes={each.name: each for each in ROUTES}, routing_rules=(ALONE, IN_EUROPE))


class Key:
    team = replace(choosing._KEY.team, may_leave_aws=True)
    budgets = rate_limits = ()
    application_id = id = 1

    def may_call(self, *_: object) -> bool:
        return True


def routed_call(entry: RouteEntry, *, wishes: Wishes | None = None, feature: str = "") -> Call:
    call = choosing._call(entry)
    call.key = Key()  # type: ignore[assignment]
    call.request = replace(call.request, wishes=wishes, feature=feature)
    call.routed = routed(call, entry, Random(1), SNAPSHOT, fleet())
    return call


def fleet() -> Fleet:
    return Fleet(URL, instance_id="test", limits=Limits(), on_change=lambda *_: None)


def ids(call: Call, name: str) -> set[int]:
    """Of the deployments that another call on behalf of this one may go to, by a route of SNAPSHOT."""
    inner = call.inner(
        model=name, conversation=msgspec.convert({"messages": []}, Conversation), feature="copy"
    )
    inner.key = call.key
    return {
        each.id for each in routed(inner, SNAPSHOT.routes[name], Random(1), SNAPSHOT, fleet()).deployments
    }


CONFINED = [
    ("pin of the route", {"regions": ("eu",)}, {}, {2, 4}),
    ("rule: Bedrock alone", {"strategy": "score"}, {"feature": "hr"}, {1, 2, 4, 5}),
    ("rule: regions", {"strategy": "score"}, {"feature": "law"}, {2, 4}),
    ("wish: compliance", {}, {"wishes": Wishes(compliance=True)}, {1, 2, 4, 5}),
    ("wish: region", {}, {"wishes": Wishes(region="eu")}, {2, 4}),
    ("nothing", {}, {}, {1, 2, 3, 4, 5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said", "may"), [each[1:] for each in CONFINED], ids=[each[0] for each in CONFINED]
)
def test_what_a_call_may_not_leave_nothing_that_comes_of_it_does(changes, said, may):
    entry = route("first", EU, fallbacks=("anywhere", "outside"), **changes)
    call = routed_call(entry, **said)
    assert {each.id for each in call.routed.deployments} == may | {2}  # fall-backs
    assert ids(call, "anywhere") == may  # copies, embeddings, summaries
    assert bool(ids(call, "outside")) is (3 in may)
    # another route, as a budget or a policy wants it
    there = routed(call, SNAPSHOT.routes["anywhere"], Random(1), SNAPSHOT, fleet())
    assert {each.id for each in there.deployments} == may


def test_a_route_changed_twice_stays_where_the_first_was():
    call = routed_call(route("first", EU, regions=("eu",)))
    assert routed(call, SNAPSHOT.routes["anywhere"], Random(1), SNAPSHOT, fleet()).deployments
    assert not routed(call, SNAPSHOT.routes["states"], Random(1), SNAPSHOT, fleet()).deployments


def test_a_decision_names_who_answered_in_the_end():
    async def ask() -> list[str]:
        call, limiter, health = (
            routed_call(route("two", OUT, EU)),
            RateLimiter(URL, members=lambda: (0, 1)),
            fleet(),
        )
        attempts, found = Attempts(call, health, limiter, random=Random(1), patience=0.5), []
        for _ in range(2):
            await attempts.next()
            found.append(call.decision.provider)
            if len(found) == 1:
                attempts.failed(Refusal("upstream_error", "It failed."))
        attempts.ended()
        await health.stop()
        await limiter.stop()
        return found

    assert asyncio.run(ask()) == ["openai", "bedrock"]


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-mantle.eu-central-1.api.aws/v1", "eu-central-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/openai/v1", "us-gov-west-1"),
        ("https://vpce-0a-b1-us-east-1a.bedrock-mantle.us-east-1.vpce.amazonaws.com/v1", "us-east-1"),
        ("https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/a", "eu-west-1"),
        ("https://a1b2.execute-api.us-east-1.amazonaws.com/v1", ""),
        ("https://bedrock-mantle.s3.amazonaws.com/v1", ""),
        ("https://ec2-1-2-3-4.compute-1.amazonaws.com/v1", ""),
        ("https://bedrock-mantle.us-east-1.api.aws.example.com/v1", ""),
        ("https://bedrock-mantle.us-east-1.api.aws@example.com/v1", ""),
        ("", ""),
    ],
)
def test_only_where_aws_itself_answers_a_call_stays_in_aws_and_in_that_region(url, region):
    account = AccountEntry(id=1, name="A", provider="openai-compatible", base_url=url)
    assert (account.is_aws, account.aws_region) == (bool(region), region)
    if region:
        there = deployment(9, "eu-north-1", account)  # as it is called here
        assert is_within(there, ((region,),))
        assert is_within(there, (("eu",),)) is region.startswith("eu-")
