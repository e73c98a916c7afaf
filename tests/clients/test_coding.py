"""Coding agents do a task with tools in a repository of their own: what they wrote is there, each call is on record, its cost is
by developer, and the second developer reads what the first one's prompt left in the cache."""

import subprocess

import pytest

from accounts.models import Team
from tests.clients.coding import AGENTS, DONE
from tests.clients.conftest import CHOSEN
from tests.clients.matrix import keep
from tests.e2e.conftest import World
from tests.services import until


def script(world, agent, folder):
    """The model's part of the task. It is said to those alone that were given the task: agents ask other things, too."""
    steps = [said(number, step) for number, step in enumerate(agent.steps(folder))]
    besides = [{"text": text, "match": match, "times": None} for match, text in agent.besides.items()]
    world.say(*besides, *({**each, "match": "Write hello.txt"} for each in steps))


def said(number, step):
    """A script of one answer."""
    if isinstance(step, str):
        return {"text": step}
    calls = [
        {"toolUse": {"toolUseId": f"tooluse_{number}_{n}", "name": name, "input": given}}
        for n, (name, given) in enumerate(step)
    ]
    return {"content": calls, "stop_reason": "tool_use"}


def run(world: World, agent, key: str, home, folder) -> str:
    folder.mkdir()
    home.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    agent.setup(home, world.url)
    script(world, agent, folder)
    done = subprocess.run(
        agent.command(world.url, key), env=agent.environment(home, world.url, key), cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


COLUMNS = "status, http_status, end_user, session, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_nanos"


def shared(rows):
    """Which part of the prompts was read from the cache."""
    read = sum(row["cache_read_tokens"] for row in rows)
    return read / max(1, sum(row["input_tokens"] + row["cache_write_tokens"] for row in rows) + read)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_does_a_task(request, tmp_path, name):
    if reason := CHOSEN["reasons"][AGENTS[name].needs]:
        keep(name, [], skipped=reason)
        pytest.skip(reason)
    world = request.getfixturevalue("world")  # whose start takes a while
    keep(name, [{"check": "a task", "outcome": "failed", "text": "It did not end."}])
    agent, team = AGENTS[name], f"Team {name}"
    key = world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=10**12)
    sources = [agent.identity] if agent.identity else []
    world.stack.make(lambda: Team.objects.filter(name=team).update(end_user_from=sources))
    key = world.new_key(team=team)
    world.knows(key)
    calls = []
    for developer in ("one", "two"):
        printed = run(world, agent, key, tmp_path / f"home-{developer}", tmp_path / developer)
        assert (tmp_path / developer / "hello.txt").read_text() == "Hello\n"
        assert DONE in printed
        rows = settled(world, team, more_than=sum(map(len, calls)))
        calls.append(rows[sum(map(len, calls)) :])
    everything = [row for rows in calls for row in rows]
    assert {row["http_status"] for row in everything} == {200}, everything
    assert {bool(row["session"]) for row in everything} == {agent.has_session}
    developers = {row["end_user"] for row in everything}
    assert len(developers) == (2 if agent.identity else 1)
    if agent.program == "claude":
        # Its billing header would part them, and stands behind what they share.
        begun = next(row for row in calls[1] if row["cache_write_tokens"])
        assert begun["cache_read_tokens"] > begun["cache_write_tokens"]
    if agent.program == "codex":
        # It marks nothing; the key that it sends for its prompts' cache does.
        assert all(shared(rows) > 0.3 for rows in calls)
    keep(name, [{"versions": version(agent)}, *figures(agent, calls)])


def settled(world, team, *, more_than):
    """A team's records, in order, once all holds are settled."""
    statement = (
        f"SELECT {COLUMNS} FROM governance_auditrecord r JOIN accounts_team t ON t.id = r.team_id "
        "WHERE t.name = %s ORDER BY call_id"
    )
    counts: list[int] = []

    def is_still() -> bool:
        counts.append(len(world.execute(statement, team)))
        return counts[-1] > more_than and counts[-4:] == counts[-1:] * 4

    until(is_still, what="the records of an agent")
    return world.execute(statement, team)


def figures(agent, calls):
    """A line for each developer, as the matrix and a report want it."""
    for rows in calls:
        dollars = sum(row["cost_nanos"] for row in rows) / 10**9
        yield {"figures": {"calls": len(rows), "cost_usd": round(dollars, 4), "cached_share": round(shared(rows), 3),
                           "end_user": rows[-1]["end_user"], "session": rows[-1]["session"]}}  # fmt: skip
    names = [agent.task, *(["cost by session"] if agent.has_session else [])]
    if len({rows[-1]["end_user"] for rows in calls}) > 1:
        names.append("cost by end user")
    yield from ({"check": name, "outcome": "works", "text": ""} for name in names)


def version(agent):
    said = subprocess.run(
        [agent.path / agent.program, "--version"], capture_output=True, text=True, check=True
    ).stdout
    return {agent.program: said.split()[0] if said[0].isdigit() else said.split()[-1]}
