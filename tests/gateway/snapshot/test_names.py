"""Names that callers bring along, led to routes: each kind of spelling, and those that must lead nowhere."""

from datetime import UTC, datetime
from itertools import count

import pytest

from gateway.catalogue.capability import Capability
from gateway.catalogue.rules import actions_of
from gateway.catalogue.services.catalog import _routes_of, read_catalog
from gateway.snapshot.names import Names, nearest
from gateway.snapshot.state import DeploymentEntry, RouteEntry

_ids = count(1)


def deployment(model_id: str, region: str, invoke_id: str) -> DeploymentEntry:
    return DeploymentEntry(
        id=next(_ids), model_id=model_id, kind="text", vendor="", region=region, invoke_id=invoke_id,
        capability=Capability(), actions=actions_of(), prices=(), weight=1,
    )  # fmt: skip


def route(name: str, *deployments: DeploymentEntry) -> RouteEntry:
    return RouteEntry(
        name=name, strategy="ordered", default_max_tokens=1, expected_output_tokens=1, max_tokens_limit=None, timeout_seconds=1, wait_seconds=0,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), deployments=deployments,
    )  # fmt: skip


def as_seeded() -> list[tuple[list[str], RouteEntry]]:
    found = []
    for entry in read_catalog().models:
        for name, aliases, places in _routes_of(entry) if entry.route else ():
            several = [deployment(m, region, f"{p}.{m}" if p else m) for m, p, region in places]
            found.append((aliases, route(name, *several)))
    return found


SEEDED = as_seeded()
NAMES = Names(SEEDED)
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"

MEANT = {
    "claude-haiku-4-5-20251001": "claude-haiku-4-5",
    "claude-haiku-4-5-latest": "claude-haiku-4-5",
    "claude-haiku-4-5@20251001": "claude-haiku-4-5",
    "Claude-Haiku-4.5": "claude-haiku-4-5",
    "anthropic/claude-haiku-4.5": "claude-haiku-4-5",
    "anthropic.claude-haiku-4-5": "claude-haiku-4-5",
    "anthropic.claude-haiku-4-5-20251001-v1": "claude-haiku-4-5",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0[1m]": "claude-haiku-4-5",
    "claude-opus-4-6[1m]": "claude-opus-4-6",
    "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5",
    "bedrock/converse/eu.anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5-eu",
    "bedrock/us-east-1/anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5",
    "eu.anthropic.claude-haiku-4-5": "claude-haiku-4-5-eu",
    "global.claude-haiku-4-5-20251001": "claude-haiku-4-5-global",
    f"{SONNET}:200k": "claude-sonnet-4-5",
    f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{SONNET}": "claude-sonnet-4-5",
    f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{SONNET}": "claude-sonnet-4-5-eu",
    f"arn:aws:bedrock:us-west-2::foundation-model/{SONNET}": "claude-sonnet-4-5",
    f"arn:aws:bedrock:eu-west-1::foundation-model/{SONNET}": "claude-sonnet-4-5-eu",
    f"arn%3Aaws%3Abedrock%3Aus-west-2%3A%3Afoundation-model%2F{SONNET}": "claude-sonnet-4-5",
    "amazon.titan-embed-text-v2": "titan-embed-text-v2",
    "cohere.embed-english-v3:0": "cohere-embed-english-v3",
    "amazon/nova-pro-v1": "nova-pro",
    "deepseek.v3.2": "deepseek-v3-2",
    "openai/gpt-oss-120b": "gpt-oss-120b",
}


@pytest.mark.parametrize(("asked", "name"), MEANT.items(), ids=MEANT.keys())
def test_what_is_meant(asked, name):
    exact = {each: route for aliases, route in SEEDED for each in (*aliases, route.name)}
    found = exact.get(asked) or NAMES.find(asked)
    assert found is not None
    assert found.name == name


NOBODY = (
    "claude-haiku-4-5-20990101",  # another date
    f"{SONNET.replace('v1:0', 'v2:0')}",  # another version
    "titan-embed-text",  # which of the two? vectors of one can't be compared with the other's
    "meta.claude-haiku-4-5",
    "ca.anthropic.claude-haiku-4-5-20251001-v1:0",
    f"arn:aws:bedrock:ap-south-1::foundation-model/{SONNET}",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
    "prompt/claude-haiku-4-5",
    "", ".", "/", "[1m]", "arn:", "claude", "x" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("asked", NOBODY, ids=lambda name: name[:40])
def test_what_means_nothing(asked):
    assert NAMES.find(asked) is None


def test_profiles_of_accounts():
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    own = deployment("anthropic.claude-x", "us-east-1", "us.anthropic.claude-x")
    names = Names([([], route("by-arn", deployment("m.m", "us-east-1", arn))), ([], route("ours", own))])
    assert names.find(arn).name == "by-arn"  # type: ignore[union-attr]
    assert names.find("arn:other", {own.id: "arn:other"}).name == "ours"  # type: ignore[union-attr]
    assert names.find("arn:other") is None


def test_of_several_dates_the_newest():
    old, new = (
        route(f"r-{date}", deployment("anthropic.m", "us-east-1", "")) for date in ("20240620", "20241022")
    )
    names = Names([(["anthropic.m-20240620-v1:0"], old), (["anthropic.m-20241022-v2:0"], new)])
    assert names.find("m-latest") is new
    assert names.find("m-20240620") is old


def test_the_nearest_names():
    names = tuple(route.name for _, route in SEEDED)
    assert nearest("us.anthropic.claude-haiku-4-6-20260101-v1:0", names)[0].startswith("claude-haiku-4")
    assert nearest("nova-prime", names)[0].startswith("nova-pr")
    assert nearest("zzzzzz", names) == ()
    assert nearest("nova-prime", ("claude-haiku-4-5",)) == ()
