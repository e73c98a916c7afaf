"""Coding agents at once behind one key: each session with a budget of its own, half of them going round in circles."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.bench.limits import insert
from tests.services import Stack

SESSIONS, STEPS = 500, 8
LIMIT_NANOS = 90_000_000
"""Of one session: nine cents."""
_MODEL = "claude-sonnet-4-5"
_TOOLS = [{"name": "run", "description": "Runs a command.", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}]  # fmt: skip
_TEAM = "Bench agents"


@dataclass
class Found:
    """What came of it."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    repeats: Counter[int] = field(default_factory=Counter)
    """Of the sessions that loop: how often the same step had been done when they were refused; 0: never."""
    budgets: int = 0
    spent_nanos: int = 0
    highest_nanos: int = 0
    overspent_nanos: int = 0
    still_held_nanos: int = 0


def measure(stack: Stack, *, sessions: int) -> Found:
    """All sessions at once, against the simulator; what they were told, and what the ledger says."""
    made = stack.manage("create_api_key", "--team", _TEAM, "--application", "Bench", "--json")
    key = str(json.loads(made)["key"])
    row = {
        "end_user": "", "feature": "", "model": "", "per": "session", "period": "total", "time_zone": "UTC", "is_hard": True,
        "name": "", "limit_nanos": LIMIT_NANOS, "alert_thresholds": [50, 80, 100], "alert_on_forecast": False,
    }  # fmt: skip
    insert(stack, "governance_budget", _TEAM, row)
    with stack.connect() as connection:
        connection.execute("UPDATE accounts_team SET loop_action = 'stop' WHERE name = %s", [_TEAM])
    found = asyncio.run(_all(stack.gateway().url, key, sessions))
    with stack.connect() as connection:
        rows = connection.execute(
            "SELECT spent_nanos, reserved_nanos FROM governance_budgetwindow win JOIN governance_budget budget ON budget.id = budget_id "
            "WHERE budget.per = 'session'"
        ).fetchall()
    spent, held = [row[0] for row in rows], [row[1] for row in rows]
    found.budgets, found.spent_nanos, found.highest_nanos = len(rows), sum(spent), max(spent, default=0)
    found.overspent_nanos = sum(max(0, each - LIMIT_NANOS) for each in spent)
    found.still_held_nanos = sum(held)
    return found


def show(found: Found) -> None:
    """The figures."""
    loops = ", ".join(
        f"{number} refused after {times} repeats" if times else f"{number} never refused"
        for times, number in sorted(found.repeats.items())
    )
    print(
        f"\n{SESSIONS} sessions of {STEPS} steps at most, half of them looping, in {found.seconds:.0f} s: "
        f"{dict(found.statuses)}\n"
        f"loops: {loops}\n"
        f"{found.budgets} budgets of {LIMIT_NANOS / 1e9:.2f} $: spent {found.spent_nanos / 1e9:.4f} $, the most by one "
        f"{found.highest_nanos / 1e9:.4f} $, overspent {found.overspent_nanos / 1e9:.4f} $, still held {found.still_held_nanos / 1e9:.4f} $"
    )


async def _all(url: str, key: str, sessions: int) -> Found:
    found = Found()
    began = time.perf_counter()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        timeout=600, limits=limits, headers={"authorization": f"Bearer {key}"}
    ) as client:
        await asyncio.gather(*(_session(client, url, number, found) for number in range(sessions)))
    found.seconds = time.perf_counter() - began
    return found


async def _session(client: httpx.AsyncClient, url: str, number: int, found: Found) -> None:
    """One agent with all of its history in each request; every second one asks for the same again and again."""
    loops = number % 2 == 1
    history: list[dict[str, Any]] = [{"role": "user", "content": f"Task {number}. [simulate: tokens=300]"}]
    for step in range(STEPS):
        answer = await client.post(
            f"{url}/v1/messages",
            headers={"X-Claude-Code-Session-Id": f"session-{number}"},
            json={
                "model": _MODEL, "max_tokens": 64_000, "tools": _TOOLS, "messages": history, "stream": number % 4 < 2,
                "tool_choice": {"type": "none"},
            },
        )  # fmt: skip
        found.statuses[answer.status_code] += 1
        if answer.status_code != 200:
            if loops:
                found.repeats[step if answer.status_code == 429 else 0] += 1
            return
        use = {"type": "tool_use", "id": f"t{step}", "name": "run", "input": {"n": 0 if loops else step}}
        result = {"type": "tool_result", "tool_use_id": f"t{step}", "content": "No such file."}
        history += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    if loops:
        found.repeats[0] += 1
