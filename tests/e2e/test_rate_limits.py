"""Rate limits as callers meet them: headers, refusals, waiting, fairness, several processes, Valkey gone."""

import asyncio
import os
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import anthropic
import httpx
import openai
import pytest

from governance.limits.models import RateLimit
from kernel.clock import utc_now
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.factories import make_grant
from tests.services import Stack, temporary_folder, until


@pytest.fixture(scope="module")
def limited(tmp_path_factory) -> Iterator[World]:
    """A stack of its own, with two gateways: its Valkey gets killed."""
    with Stack(temporary_folder()) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        world.other = stack.gateway()  # type: ignore[attr-defined]
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world


@pytest.fixture
def team(limited: World, request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.node.name[:60]
    limited.execute("DELETE FROM governance_grant")
    limited.execute("DELETE FROM governance_ratelimit")
    limited.heal()


def ready_key(world: World, team: str, **limit) -> str:
    """A key of a team, whose limit the gateways know."""
    key = world.new_key(team=team)
    world.set_rate_limit(team=team, **limit)
    wait_for_snapshot(world, world.new_key(team=team))  # one made after the limit
    return key


def wait_for_snapshot(world: World, key: str) -> None:
    """Until both gateways have built a snapshot with this key: what was changed before it is in there too."""
    world.knows(key, world.url, world.other.url)


def ask(world: World, key: str, *, url: str | None = None, **members) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50} | members
    headers = {"authorization": f"Bearer {key}"} | body.pop("headers", {})
    return HTTP.post(f"{url or world.url}/v1/chat/completions", json=body, headers=headers, timeout=60)


async def ask_all(calls: list[tuple[str, str, dict]]) -> list[httpx.Response]:
    """The answers to (url, key, members of the body), all at once."""
    limits = httpx.Limits(max_connections=len(calls))
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:

        async def one(url: str, key: str, members: dict) -> httpx.Response:
            body = {
                "model": MODEL,
                "messages": [{"role": "user", "content": "Hello"}],
                "max_tokens": 50,
            } | members
            headers = {"authorization": f"Bearer {key}"}
            return await client.post(f"{url}/v1/chat/completions", json=body, headers=headers)

        return await asyncio.gather(*(one(*call) for call in calls))


def test_headers_and_refusal_as_openai_s(limited, team, opened):
    key = ready_key(limited, team, metric="requests", limit=2)
    limited.set_rate_limit(team=team, metric="tokens", limit=100_000, period="hour")
    wait_for_snapshot(limited, limited.new_key(team=team))
    client = opened(openai.OpenAI(base_url=f"{limited.url}/v1", api_key=key, max_retries=0))
    hello = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
    first = client.chat.completions.with_raw_response.create(**hello)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert first.headers["x-ratelimit-reset-requests"] == "1m0s"
    assert first.headers["x-ratelimit-limit-tokens"] == "100000"
    assert 99_000 < int(first.headers["x-ratelimit-remaining-tokens"]) < 100_000
    assert first.headers["x-ratelimit-reset-tokens"] == "1h0m0s"
    client.chat.completions.create(**hello, stream=True).close()
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(**hello)
    assert refused.value.code == "rate_limited"
    assert 50 <= int(refused.value.response.headers["retry-after"]) <= 61
    assert refused.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert f"team {team}" in str(refused.value)
    record = limited.record(refused.value.response.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["cost_nanos"]) == ("refused", "rate_limited", 0)


def test_headers_as_anthropic_s(limited, team, opened):
    key = ready_key(limited, team, metric="requests", limit=2)
    client = opened(anthropic.Anthropic(base_url=limited.url, api_key=key, max_retries=0))
    hello = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
    with warnings.catch_warnings(action="ignore"):  # of a name that is Anthropic's; here it is a route's
        before = utc_now()
        headers = client.messages.with_raw_response.create(**hello).headers
        after = utc_now()
    assert headers["anthropic-ratelimit-requests-limit"] == "2"
    assert headers["anthropic-ratelimit-requests-remaining"] == "1"
    reset = datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"])
    assert before.replace(microsecond=0) <= reset - timedelta(minutes=1) <= after
    assert not any(name.startswith("x-ratelimit") for name in headers)


def test_exact_across_processes(limited, team):
    key = ready_key(limited, team, metric="requests", limit=37, period="hour")
    urls = (limited.url, limited.other.url)
    answers = asyncio.run(ask_all([(urls[n % 2], key, {}) for n in range(120)]))
    assert Counter(answer.status_code for answer in answers) == {200: 37, 429: 83}


def test_tokens_are_corrected_by_what_was_used(limited, team):
    key = ready_key(limited, team, metric="tokens", limit=6_000, period="hour")
    for max_tokens in (
        3_000,
        3_000,
        3_000,
        8_000,
        63_000,
    ):  # of which no more than 4,096 are expected, and some 30 used
        until(lambda most=max_tokens: ask(limited, key, max_tokens=most).status_code == 200, seconds=5)
    never = ask(limited, key, messages=[{"role": "user", "content": "word " * 6_000}])
    assert (never.status_code, never.headers.get("retry-after")) == (429, None)
    assert "Lower max_tokens" in never.json()["error"]["message"]


def test_calls_at_once_and_their_end(limited, team):
    key = ready_key(limited, team, metric="concurrent", limit=3)
    limited.fault("us-east-1", latency_ms=3000)  # so long that none has ended when the last comes
    urls = (limited.url, limited.other.url)
    answers = asyncio.run(ask_all([(urls[n % 2], key, {}) for n in range(10)]))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 429: 7}
    limited.heal()
    until(lambda: ask(limited, key).status_code == 200, seconds=5, what="room after the calls' end")


def test_each_end_user_has_their_own(limited, team):
    key = ready_key(limited, team, metric="requests", limit=1, period="hour", per="end_user")
    user = {"headers": {"x-gatehouse-end-user": "ann"}}
    assert ask(limited, key, **user).status_code == 200
    assert ask(limited, key, **user).status_code == 429
    assert ask(limited, key, headers={"x-gatehouse-end-user": "bob"}).status_code == 200


def test_a_grant_raises_a_limit_for_a_time(limited, team):
    key = ready_key(limited, team, metric="requests", limit=1, period="hour")
    assert [ask(limited, key).status_code for _ in range(2)] == [200, 429]
    limited.stack.make(lambda: make_grant(RateLimit.objects.get(), amount=1, lasts=timedelta(seconds=4)))
    until(lambda: ask(limited, key).status_code == 200, what="the grant")
    time.sleep(4)
    assert ask(limited, key).status_code == 429


def test_waiting_instead_of_refusing(limited, team):
    key = ready_key(limited, team, metric="concurrent", limit=2)
    limited.execute("UPDATE gateway_route SET wait_seconds = 20 WHERE name = %s", MODEL)
    wait_for_snapshot(limited, limited.new_key(team=team))
    limited.fault("us-east-1", latency_ms=300)
    answers = asyncio.run(ask_all([(limited.url, key, {}) for _ in range(10)]))
    assert Counter(answer.status_code for answer in answers) == {200: 10}
    limited.execute("UPDATE gateway_route SET wait_seconds = 1 WHERE name = %s", MODEL)
    wait_for_snapshot(limited, limited.new_key(team=team))
    limited.fault("us-east-1", latency_ms=4000)
    answers = asyncio.run(ask_all([(limited.url, key, {}) for _ in range(5)]))
    assert Counter(answer.status_code for answer in answers) == {200: 2, 429: 3}
    limited.execute("UPDATE gateway_route SET wait_seconds = 0 WHERE name = %s", MODEL)


def test_one_team_s_burst_does_not_starve_another_s(limited, team):
    loud = limited.new_key(team=f"{team} loud")
    limited.set_rate_limit(team=None, metric="concurrent", limit=2, model=MODEL)
    limited.execute("UPDATE gateway_route SET wait_seconds = 60 WHERE name = %s", MODEL)
    quiet = limited.new_key(team=f"{team} quiet")
    wait_for_snapshot(limited, quiet)
    limited.fault("us-east-1", latency_ms=200)

    async def scenario() -> tuple[float, float]:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            burst = group.create_task(ask_all([(limited.url, loud, {}) for _ in range(40)]))
            await asyncio.sleep(0.6)
            (answer,) = await ask_all([(limited.url, quiet, {})])
            seconds = time.monotonic() - begun
        assert {answer.status_code} | {each.status_code for each in burst.result()} == {200}
        return seconds, time.monotonic() - begun

    alone, all_of_them = asyncio.run(scenario())
    # Behind the burst it would have been the last.
    assert alone < all_of_them / 2
    limited.execute("UPDATE gateway_route SET wait_seconds = 0 WHERE name = %s", MODEL)


@pytest.mark.slow
def test_without_valkey_nothing_fails_open(limited, team):
    key = ready_key(limited, team, metric="requests", limit=41, period="hour")
    urls = (limited.url, limited.other.url)
    until(lambda: all(processes(limited, url) == 2 for url in urls), what="a heartbeat")
    pid = limited.stack.services.child("valkey").pid
    os.kill(pid, signal.SIGSTOP)  # it hangs, which is worse than being gone
    try:
        answers = asyncio.run(ask_all([(urls[n % 2], key, {}) for n in range(120)]))
        assert Counter(answer.status_code for answer in answers) == {200: 41, 429: 79}
        until(
            lambda: HTTP.get(f"{limited.url}/readyz").json()["checks"]["valkey"] == "failed",
            what="the next look",
        )
        ready = HTTP.get(f"{limited.url}/readyz")
        assert ready.status_code == 200
        assert "of 2 and keeps to its share" in ready.json()["rate_limits"]
        assert "gatehouse_rate_limits_shared 0.0" in HTTP.get(f"{limited.url}/metrics").text
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: HTTP.get(f"{limited.url}/readyz").json()["rate_limits"] == "shared", what="Valkey's return")
    assert {ask(limited, key, url=url).status_code for url in urls} == {429}


def processes(world: World, url: str) -> int:
    lines = HTTP.get(f"{url}/metrics").text.splitlines()
    return round(float(next(line.split()[1] for line in lines if line.startswith("gatehouse_processes "))))


def test_metrics(limited):
    assert limited.chat().status_code == 200
    text = HTTP.get(f"{limited.url}/metrics").text
    assert f'gatehouse_calls_total{{code="",route="{MODEL}",status="succeeded"}}' in text
    assert 'gatehouse_call_seconds_bucket{le="+Inf"}' in text
    guarded = limited.stack.gateway(env={"GATEHOUSE_METRICS_TOKEN": "a-secret-of-the-operator"})
    assert HTTP.get(f"{guarded.url}/metrics").status_code == 401
    headers = {"authorization": "Bearer a-secret-of-the-operator"}
    assert HTTP.get(f"{guarded.url}/metrics", headers=headers).status_code == 200
    guarded.stop()
