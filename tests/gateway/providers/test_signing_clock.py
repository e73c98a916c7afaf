"""Requests of a host whose clock is wrong, to a simulator that refuses what is five minutes off, as AWS does.

Its words are those that AWS's users report: "Signature expired: … is now earlier than … (… - 5 min.)" (aws/aws-sdk-cpp#560,
mhart/aws4fetch#73). Who corrects a clock by an answer's `Date`: docs.aws.amazon.com, "AWS SDKs and Tools Reference Guide"; for
boto3 nobody does (boto/boto3#1252).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from botocore.exceptions import ClientError

from embedded.ports import free_port
from embedded.simulator.app import Simulator
from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from gateway.events import Finished
from gateway.providers.bedrock import boto_time, clock
from gateway.providers.bedrock.boto_time import timed_client
from gateway.providers.bedrock.client import Attempt, BedrockClient
from gateway.providers.bedrock.signature import Credentials
from gateway.providers.transport import Transport
from gateway.refusals import Refusal
from tests.aws_environment import use_aws

MODEL = "amazon.nova-lite-v1:0"
BODY = b'{"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}'
OFF = [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=2), timedelta(days=-400)]
NO_DATES = [None, "", "yesterday", "Thu, 99 Foo 2026 25:61:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "\xff"]


def rightly(_: str = "") -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)


class Aws:
    """A simulator over HTTP; `date` gives the `Date` of its answers, None leaves it out."""

    def __init__(self) -> None:
        self.date: Callable[[], str | None] = rightly
        self.asked = 0
        self._simulator = Simulator()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start" and (date := self.date()) is not None:
                message["headers"] = [*message["headers"], (b"date", date.encode("latin-1"))]
            await send(message)

        self.asked += not scope["path"].startswith("/_simulator")
        await self._simulator(scope, receive, dated)


@pytest.fixture(scope="module")
def simulator() -> Aws:
    return Aws()


@asynccontextmanager
async def serving(app: Aws) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, lifespan="off", log_level="critical", date_header=False)
    )
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment,return-value]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
def aws(simulator: Aws) -> Aws:
    simulator.date, simulator.asked = rightly, 0
    return simulator


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta, timedelta], None]:
    """Sets how far the host's clock and Postgres' are off."""

    def off(of_host: timedelta, of_postgres: timedelta) -> None:
        monkeypatch.setattr(clock, "host_now", lambda: datetime.now(UTC) + of_host)
        monkeypatch.setattr(clock, "utc_now", lambda: datetime.now(UTC) + of_postgres)

    monkeypatch.setattr(boto_time, "_clock", clock.SigningClock())
    return off


@asynccontextmanager
async def client(url: str) -> AsyncIterator[BedrockClient]:
    async def get() -> Credentials:
        return Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)

    credentials: Any = SimpleNamespace(bearer_token="", get=get)
    transport = Transport(max_connections=4, connect_timeout_seconds=5)
    found = BedrockClient(transport=transport, credentials=credentials, endpoint_url=url)
    yield found
    await found.close()


async def is_answered(bedrock: BedrockClient) -> bool:
    events = [each async for each in bedrock.converse(Attempt("us-east-1", MODEL, 20.0), BODY)]
    return isinstance(events[-1], Finished)


@pytest.mark.parametrize("off", OFF, ids=str)
async def test_a_host_s_clock_is_corrected_by_what_aws_says(aws, host, off):
    """Also where Postgres is on the same host. The request that finds it out is sent twice, and no other."""
    host(off, off)
    async with serving(aws) as url, client(url) as bedrock:
        assert [await is_answered(bedrock) for _ in range(3)] == [True] * 3
    assert aws.asked == 4


@pytest.mark.parametrize("off", OFF, ids=str)
async def test_by_postgres_nothing_needs_correcting(aws, host, off):
    host(off, timedelta())
    async with serving(aws) as url, client(url) as bedrock:
        assert await is_answered(bedrock)
    assert aws.asked == 1


@pytest.mark.parametrize("date", NO_DATES)
async def test_without_a_date_the_refusal_stands_until_there_is_one(aws, host, date):
    host(OFF[0], OFF[0])
    aws.date = lambda: date
    async with serving(aws) as url, client(url) as bedrock:
        with pytest.raises(Refusal, match="credentials are not accepted"):
            await is_answered(bedrock)
        assert aws.asked == 1
        aws.date = rightly
        assert await is_answered(bedrock)


async def test_a_proxy_s_wrong_date_is_forgotten(aws, host):
    """Postgres' clock was right: once the proxy is, it is gone by again."""
    host(OFF[0], OFF[0])
    aws.date = lambda: "Thu, 01 Jan 1970 00:00:00 -0000"
    async with serving(aws) as url, client(url) as bedrock:
        with pytest.raises(Refusal):
            await is_answered(bedrock)
        host(OFF[0], timedelta())
        with pytest.raises(Refusal):
            await is_answered(bedrock)
        assert await is_answered(bedrock)


@pytest.mark.parametrize("off", OFF, ids=str)
async def test_boto3_s_clients_go_by_the_same_clock(aws, host, off, monkeypatch):
    use_aws(monkeypatch, {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY})
    host(off, off)
    async with serving(aws) as url:
        bedrock = timed_client("bedrock", region_name="us-east-1", endpoint_url=url)
        for _ in range(2):
            assert (await asyncio.to_thread(bedrock.list_foundation_models))["modelSummaries"]
        assert aws.asked == 3
        aws.date = lambda: None
        boto_time._clock._ahead = None
        with pytest.raises(ClientError, match=r"InvalidSignatureException.*5 min\."):
            await asyncio.to_thread(bedrock.list_foundation_models)
        bedrock.close()
