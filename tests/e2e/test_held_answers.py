"""Answers whose budgets can't hold all that they may come to: held in parts, and ended where nothing is left."""

import asyncio
import json
import threading
from datetime import timedelta

import httpx
import pytest

from governance.limits.models import Budget, BudgetWindow, Grant
from kernel.clock import utc_now
from tests.e2e.conftest import MODEL

pytestmark = pytest.mark.slow

OUTPUT_NANOS = 15_000
"""Of one token of the model's output."""
DOLLAR = 10**9


def left(world, budget):
    """Nano-dollars: (spent, reserved) of the budget's only window."""
    return world.stack.make(
        lambda: BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get(budget_id=budget)
    )


def key_with(world, team, dollars):
    world.new_key(team=team)
    budget = world.set_budget(team=team, limit_nanos=int(dollars * DOLLAR))
    key = world.new_key(team=team)
    world.knows(key)  # and so the budget, which came before
    return key, budget


@pytest.mark.quick
def test_a_large_max_tokens_needs_no_budget_for_all_of_it(world):
    key, budget = key_with(world, "Large", 0.50)  # all of 63,999 tokens would be $0.96
    messages = [{"role": "user", "content": "[simulate: tokens=50] Hi"}]
    answer = world.post(key=key, json={"model": MODEL, "max_tokens": 64_000, "messages": messages})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-gatehouse-adjusted"] == "max_tokens; lowered=63999"
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["cost_nanos"] <= record["reserved_nanos"] < 0.1 * DOLLAR
    assert left(world, budget) == (record["cost_nanos"], 0)


@pytest.mark.parametrize("is_stream", [False, pytest.param(True, marks=pytest.mark.quick)])
def test_an_answer_holds_more_as_it_grows_and_is_whole_where_that_is_there(world, is_stream):
    key, budget = key_with(world, f"Grows {is_stream}", 0.60)
    _, finish, call_id = ask(world, key, tokens=9_000, is_stream=is_stream)
    record = world.record(call_id)
    assert finish == "stop"
    assert record["output_tokens"] > 8_000
    assert record["cost_nanos"] > 4_096 * OUTPUT_NANOS  # more than was held at first
    assert record["cost_nanos"] <= record["reserved_nanos"]
    assert not record["is_estimated"]
    assert left(world, budget) == (record["cost_nanos"], 0)


@pytest.mark.parametrize("is_stream", [False, pytest.param(True, marks=pytest.mark.quick)])
def test_an_answer_ends_by_the_format_s_length_stop_where_no_more_can_be_held(world, is_stream):
    key, budget = key_with(world, f"Ends {is_stream}", 0.15)
    text, finish, call_id = ask(world, key, tokens=60_000, is_stream=is_stream)
    record = world.record(call_id)
    assert finish == "length"
    assert len(text) > 10_000  # what could be held was used
    assert record["status"] == "succeeded"
    assert record["is_estimated"]
    assert "max_tokens; ended=budget" in record["checks"]["adjusted"]
    assert left(world, budget) == (record["cost_nanos"], 0)
    assert record["cost_nanos"] <= 0.15 * DOLLAR


@pytest.mark.parametrize("how", ["raised", pytest.param("granted", marks=pytest.mark.quick)])
def test_what_a_budget_gets_amid_an_answer_lets_that_go_on(world, how):
    key, budget = key_with(world, f"Midway {how}", 0.15)
    world.fault(tokens_per_second=2_000)
    body = {"model": MODEL, "max_tokens": 60_000, "stream": True}
    body["messages"] = [{"role": "user", "content": "[simulate: tokens=12000] Write"}]
    text = ""
    with httpx.stream(
        "POST",
        f"{world.url}/v1/chat/completions",
        headers={"authorization": f"Bearer {key}"},
        json=body,
        timeout=60,
    ) as answer:
        for chunk in answer.iter_text():
            if not text:
                world.stack.make(lambda: _give(budget, how))
            text += chunk
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert '"finish_reason":"stop"' in text
    assert 0.15 * DOLLAR < record["cost_nanos"] <= record["reserved_nanos"] <= 0.65 * DOLLAR
    assert left(world, budget) == (record["cost_nanos"], 0)


def _give(budget, how):
    """Half a dollar more."""
    if how == "raised":
        Budget.objects.filter(pk=budget).update(limit_nanos=int(0.65 * DOLLAR))
    else:
        now = utc_now()
        Grant.objects.create(
            budget_id=budget,
            amount=int(0.5 * DOLLAR),
            starts_at=now - timedelta(minutes=1),
            ends_at=now + timedelta(hours=1),
        )


def ask(world, key, *, tokens, is_stream):
    """(text, finish reason, call id) of an answer of so many tokens."""
    body = {
        "model": MODEL,
        "max_tokens": 63_000,
        "stream": is_stream,
        "messages": [{"role": "user", "content": f"[simulate: tokens={tokens}] Write"}],
    }
    answer = world.post(key=key, json=body)
    assert answer.status_code == 200, answer.text
    call_id = answer.headers["x-gatehouse-call-id"]
    if not is_stream:
        choice = answer.json()["choices"][0]
        return choice["message"]["content"], choice["finish_reason"], call_id
    text, finish = "", None
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            (choice,) = json.loads(line[6:])["choices"]
            text += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
    return text, finish, call_id


@pytest.mark.quick
def test_where_a_model_thinks_its_bound_is_what_is_held(world):
    key, budget = key_with(world, "Thinks", 0.50)
    body = {
        "model": MODEL,
        "max_tokens": 60_000,
        "thinking": {"type": "enabled", "budget_tokens": 2_000},
        "messages": [{"role": "user", "content": "Hello"}],
    }
    answer = world.post("/v1/messages", key=key, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-gatehouse-adjusted"].startswith("max_tokens; held=6")
    sent = world.received()[-1]["body"]["inferenceConfig"]["maxTokens"]
    assert 2_000 < sent < 8_000
    assert left(world, budget)[1] == 0


@pytest.mark.quick
def test_so_is_that_of_a_model_that_thinks_unasked(world):
    key, _ = key_with(world, "Thinks unasked", 2.0)
    body = {
        "model": "claude-opus-5",
        "max_tokens": 60_000,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    answer = world.post("/v1/messages", key=key, json=body)
    assert answer.headers["x-gatehouse-adjusted"].startswith("max_tokens; held=8")
    assert world.received()[-1]["body"]["inferenceConfig"]["maxTokens"] < 17_000
    told = body | {"thinking": {"type": "disabled"}}
    assert "x-gatehouse-adjusted" not in world.post("/v1/messages", key=key, json=told).headers


NAMED = {"name": "write", "input_schema": {"type": "object"}}
CUT_CALLS = {
    "/v1/chat/completions": {
        "model": MODEL,
        "max_tokens": 60_000,
        "tools": [{"type": "function", "function": {"name": "write"}}],
        "tool_choice": {"type": "function", "function": {"name": "write"}},
    },
    "/v1/messages": {
        "model": MODEL,
        "max_tokens": 60_000,
        "tools": [NAMED],
        "tool_choice": {"type": "tool", "name": "write"},
    },
    f"/bedrock/model/{MODEL}/converse": {
        "messages": [{"role": "user", "content": [{"text": "Write"}]}],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "write", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"tool": {"name": "write"}},
        },
    },
    f"/bedrock/model/{MODEL}/invoke": {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 60_000,
        "tools": [NAMED],
        "tool_choice": {"type": "tool", "name": "write"},
    },
}


@pytest.mark.quick
@pytest.mark.parametrize("path", CUT_CALLS)
def test_a_tool_s_call_that_is_cut_amid_its_arguments_is_an_answer_in_every_format(world, path):
    key, budget = key_with(world, f"Cut {path}", 0.15)
    world.say({"text": json.dumps({"content": "word " * 30_000})})
    body = {"messages": [{"role": "user", "content": "Write"}]} | CUT_CALLS[path]
    answer = world.post(path, key=key, json=body)
    assert answer.status_code == 200, answer.text
    assert "ended=budget" in answer.headers["x-gatehouse-adjusted"]
    assert '"write"' in answer.text
    assert ('"max_tokens"' in answer.text) or ('"finish_reason":"length"' in answer.text)
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert left(world, budget) == (record["cost_nanos"], 0)


@pytest.mark.quick
def test_an_answer_does_not_wait_for_a_ledger_that_is_stuck(world):
    key, budget = key_with(world, "Stuck", 0.60)
    world.fault(tokens_per_second=2_000)
    body = {"model": MODEL, "max_tokens": 60_000, "stream": True}
    body["messages"] = [{"role": "user", "content": "[simulate: tokens=9000] Write"}]
    text, connection = "", None
    with (
        httpx.stream(
            "POST",
            f"{world.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {key}"},
            json=body,
            timeout=60,
        ) as answer,
        world.stack.pool.connection() as other,
    ):
        for chunk in answer.iter_text():
            text += chunk
            if connection is None:
                connection = other.execute(
                    "SELECT 1 FROM governance_budgetwindow WHERE budget_id = %s FOR UPDATE", (budget,)
                )
                release = threading.Timer(8, other.commit)
                release.start()
        release.join()
    assert '"finish_reason":"length"' in text
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert "max_tokens; ended=budget" in record["checks"]["adjusted"]
    assert record["cost_nanos"] <= record["reserved_nanos"]
    assert left(world, budget) == (record["cost_nanos"], 0)


@pytest.mark.quick
def test_many_long_answers_at_once_overspend_nothing(world):
    key, budget = key_with(world, "Many", 1.0)

    async def all_of_them():
        async with httpx.AsyncClient(timeout=60, headers={"authorization": f"Bearer {key}"}) as client:
            bodies = [
                {
                    "model": MODEL,
                    "max_tokens": 64_000,
                    "stream": bool(number % 2),
                    "messages": [{"role": "user", "content": f"[simulate: tokens={6_000 + number}] Write"}],
                }
                for number in range(24)
            ]
            return await asyncio.gather(
                *(client.post(f"{world.url}/v1/chat/completions", json=body) for body in bodies)
            )

    answers = asyncio.run(all_of_them())
    assert {answer.status_code for answer in answers} <= {200, 402}
    spent, reserved = left(world, budget)
    assert reserved == 0
    assert 0.3 * DOLLAR < spent <= DOLLAR  # how many are cut is a matter of time


@pytest.mark.quick
def test_a_model_that_can_t_stream_with_tools_answers_whole_to_who_asks_for_a_stream(world):
    tool = {
        "type": "function",
        "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
    }
    body = {
        "model": "llama-3-3-70b",
        "stream": True,
        "tools": [tool],
        "messages": [{"role": "user", "content": "[simulate: tool=look] Look"}],
    }
    answer = world.post(json=body)
    assert answer.status_code == 200, answer.text
    assert '"name":"look"' in answer.text
    assert world.received()[-1]["operation"] == "Converse"
