"""Prompt caches end to end: points placed by a route, what they save, and beginnings that change."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.catalogue.models import Route
from tests.client import HTTP
from tests.e2e.conftest import World
from tests.e2e.wire import adjusted, sent
from tests.services import until

pytestmark = [pytest.mark.slow]
HAIKU = "claude-haiku-4-5"
LONG = "Be kind, and brief, and say what you know. " * 600


@pytest.fixture
def automatic(world: World) -> Iterator[None]:
    """A route that places cache points by itself, and a key by which the gateway knows that."""

    def switch(to: str) -> None:
        world.stack.make(lambda: Route.objects.filter(name=HAIKU).update(prompt_cache=to))
        world.knows(world.new_key())

    switch("auto")
    yield
    switch("caller")


def ask(world: World, system: str, *turns: str, model: str = HAIKU) -> Any:
    messages = [{"role": "system", "content": system}]
    for number, text in enumerate(turns):
        messages.append({"role": ("user", "assistant")[number % 2], "content": text})
    answer = world.post(json={"model": model, "messages": messages})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.usefixtures("automatic")
def test_what_comes_again_is_marked_read_and_saved(world):
    first = ask(world, LONG, "One")
    assert "marked=cache_point" in adjusted(first)
    assert {"cachePoint": {"type": "default"}} in sent(world)["system"]
    record = world.record(first.headers["x-gatehouse-call-id"])
    assert record["cache_write_tokens"] > 4096
    assert record["cache_saved_nanos"] < 0  # writing is dearer than plain input
    assert record["reserved_nanos"] >= record["cost_nanos"]
    again = ask(world, LONG, "One", "Yes.", "Two")
    record = world.record(again.headers["x-gatehouse-call-id"])
    assert record["cache_read_tokens"] > 4096
    assert record["cache_saved_nanos"] > 0
    assert any("marked=cache_point" in each for each in record["checks"]["adjusted"])
    metrics = HTTP.get(f"{world.url}/metrics").text
    for name in ("saved_dollars", "extra_dollars"):
        assert f'gatehouse_cache_{name}_total{{route="{HAIKU}"}}' in metrics
    assert f'gatehouse_cache_tokens_total{{kind="read",route="{HAIKU}"}}' in metrics


def test_a_route_leaves_prompts_alone_unless_it_is_told(world):
    answer = ask(world, LONG + "Alone.", "One")
    assert "cache_point" not in adjusted(answer)
    assert world.record(answer.headers["x-gatehouse-call-id"])["cache_saved_nanos"] == 0


def test_a_clock_in_the_first_line_is_told(world):
    model = "claude-opus-4-6"
    for minute in range(3):
        ask(world, f"It is 10:0{minute}.\n{LONG}", "Hello", model=model)
        time.sleep(1.1)  # prompts of an application and route are compared once a second
    statement = "SELECT place, calls, tokens FROM governance_volatilebeginning WHERE route = %s"
    until(lambda: world.execute(statement, model), what="the count of beginnings")
    found = world.execute(statement, model)[0]
    assert found["place"] == "system[0] line 1"
    assert found["tokens"] / found["calls"] > 1024
    assert f'gatehouse_volatile_beginnings_total{{route="{model}"}}' in HTTP.get(f"{world.url}/metrics").text
