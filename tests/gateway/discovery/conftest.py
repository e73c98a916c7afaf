"""One simulator for what is discovered, with the credentials that it takes."""

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.environment import with_simulator
from gateway.discovery.policy import AHEAD_DAYS
from tests.aws_environment import use_aws
from tests.simulator import RunningSimulator, running

assert AHEAD_DAYS == 45


@pytest.fixture(scope="module")
def started() -> Iterator[RunningSimulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def aws(started: RunningSimulator, settings: Any, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    """As it is when it starts, and where Gatehouse looks."""
    started.reset()
    started._control("DELETE", "inventory")
    settings.BEDROCK_ENDPOINT_URL = started.url
    use_aws(monkeypatch, with_simulator({}, started.url))
    return started
