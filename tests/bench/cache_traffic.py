"""What a cache saves of two kinds of traffic, made with a seed and sent through a gateway: `python -m tests.bench.cache_traffic`.

*tools*: a dozen internal tools, each with its own long instructions. Of 100 calls 34 are questions that stand ready to be clicked,
30 are the same questions in people's own words, 24 are people's own questions, 12 go on in a conversation.
*dashboards*: 2,000 accounts, 1,500 looks a day at analyses of them. About a third are the first at their account in their half-day,
the others follow within the hours after. Time passes by making all that is kept older.
"""

import argparse
import asyncio
import json
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.bench.limits import new_team
from tests.bench.question_pairs import filled_alike
from tests.bench.question_templates import TEMPLATES
from tests.services import Stack, temporary_folder

MODEL = "claude-sonnet-4-5"
SEED = 7
TOOLS, READY_TO_CLICK = 12, 30
KINDS = (("clicked", 0.34), ("own words", 0.30), ("own question", 0.24), ("conversation", 0.12))
ACCOUNTS, LOOKS, STEP_MINUTES = 2000, 1500, 10
_FIRST_SHARE, _AGAIN_MINUTES = 0.32, 35.0
_AT_ONCE = 16


@dataclass(frozen=True)
class Ask:
    """One call: what is said, which answer it wants, and when, in minutes from the start."""

    wants: str
    text: str
    system: str
    minute: float = 0
    slot: str = ""
    before: tuple[dict[str, str], ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        said = [
            {"role": "system", "content": self.system},
            *self.before,
            {"role": "user", "content": self.text},
        ]
        return {"model": MODEL, "max_tokens": 2000, "messages": said}


@dataclass
class Totals:
    """Of one kind of traffic; nano-dollars."""

    calls: int = 0
    paid: int = 0
    by_provider: int = 0
    saved: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    read: set[tuple[str, str]] = field(default_factory=set)
    """Questions that got the answer of another wording."""

    @property
    def whole(self) -> int:
        """What all of it would have cost without any cache."""
        return self.paid + sum(self.saved.values()) + self.by_provider


def _instructions(name: str, dice: random.Random) -> str:
    rules = " ".join(
        f"Rule {number}: {dice.choice(('keep to', 'quote', 'prefer', 'explain'))} the {dice.choice(('handbook', 'price list', 'runbook', 'contract'))} "
        f"of section {dice.randint(1, 90)} where a question touches on it." for number in range(1, 120)
    )  # fmt: skip
    return f"You help the people who use {name}. {rules}"


def tools(calls: int, seed: int) -> list[Ask]:
    """The calls of a dozen internal tools."""
    dice = random.Random(seed)
    made: list[Ask] = []
    several = []
    for number in range(TOOLS):
        templates = dice.sample(range(len(TEMPLATES)), k=READY_TO_CLICK)
        several.append(
            (_instructions(f"tool {number}", dice), [filled_alike(TEMPLATES[at], dice) for at in templates])
        )
    weights = [1 / (rank + 2) for rank in range(READY_TO_CLICK)]
    for number in range(calls):
        at = dice.randrange(TOOLS)
        system, ready = several[at]
        kind = dice.choices([name for name, _ in KINDS], [share for _, share in KINDS])[0]
        chosen = dice.choices(range(READY_TO_CLICK), weights)[0]
        wordings = ready[chosen]
        if kind == "clicked":
            made.append(Ask(f"{at}/{wordings[0]}", wordings[0], system))
        elif kind == "own words":
            made.append(Ask(f"{at}/{wordings[0]}", _own(dice.choice(wordings), dice), system))
        elif kind == "own question":
            new = filled_alike(dice.choice(TEMPLATES), dice)
            made.append(Ask(f"{at}/{new[0]}", _own(dice.choice(new), dice), system))
        else:
            before = (
                {"role": "user", "content": wordings[0]},
                {"role": "assistant", "content": f"As section {number} says."},
            )
            made.append(Ask(f"{at}/{number}", f"And what of case {number}?", system, before=before))
    return made


def _own(text: str, dice: random.Random) -> str:
    """A question as people type it."""
    lower = text[:1].lower() + text[1:]
    forms = (text, text, text.rstrip("?"), text.lower(), f"Please: {lower}", f"Hi, {lower}", f"{text} Thanks!", f"Can you tell me: {lower}", text.replace("'s", "\u2019s"))  # fmt: skip
    return dice.choice(forms)


def dashboards(days: int, seed: int) -> list[Ask]:
    """The looks at analyses of accounts."""
    dice = random.Random(seed)
    system = _instructions("the account dashboards", dice)
    made: list[Ask] = []
    for half in range(2 * days):
        opened = dice.sample(range(ACCOUNTS), k=round(LOOKS / 2 * _FIRST_SHARE))
        looks = [(account, dice.uniform(0, 11 * 60)) for account in opened]
        while len(looks) < LOOKS // 2:
            account, first = dice.choice(looks[: len(opened)])
            looks.append((account, min(first + dice.expovariate(1 / _AGAIN_MINUTES), 12 * 60 - 1)))
        for account, minute in looks:
            slot = f"account-{account}/{half // 2}-{'ap'[half % 2]}m"
            figures = ", ".join(
                f"day {day}: {(account * 37 + day * 11 + half) % 997}" for day in range(1, 61)
            )
            text = f"Analyse account {account} in half-day {half}. Its figures: {figures}."
            made.append(Ask(slot, text, system, half * 720 + minute, slot))
    return sorted(made, key=lambda each: each.minute)


@contextmanager
def gateway() -> Iterator[tuple[Stack, str, str]]:
    """A stack with a rule for all that is kept: its address and a key."""
    folder = temporary_folder()
    with Stack(folder) as stack:
        stack.manage("load_catalog")
        key = new_team(stack, "Traffic", budgets=1, rate_limits=0)
        with stack.connect() as connection:
            connection.execute("UPDATE gateway_route SET prompt_cache = 'auto'")
            connection.execute(
                "INSERT INTO gateway_cacherule (name, semantic, check_share, created_at) VALUES ('Traffic', 'serve', 0, now())"
            )
            connection.commit()
        server = stack.gateway()
        yield stack, server.url, key
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def run(asks: list[Ask], *, ages: bool) -> Totals:
    """Sends them, and reads what became of them off their records."""
    with gateway() as (stack, url, key):
        wanted = asyncio.run(_send(stack, url, key, asks, ages=ages))
        return _totals(stack, wanted)


async def _send(stack: Stack, url: str, key: str, asks: list[Ask], *, ages: bool) -> dict[str, Ask]:
    wanted: dict[str, Ask] = {}
    limits = httpx.Limits(max_connections=_AT_ONCE)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(ask: Ask) -> None:
            headers = {"authorization": f"Bearer {key}"} | (
                {"x-gatehouse-cache-key": ask.slot} if ask.slot else {}
            )
            async with turns:
                answer = await client.post("/v1/chat/completions", json=ask.body, headers=headers)
            answer.raise_for_status()
            wanted[answer.headers["x-gatehouse-call-id"]] = ask

        steps: dict[int, list[Ask]] = defaultdict(list)
        for number, ask in enumerate(asks):
            steps[int(ask.minute // STEP_MINUTES) if ages else number // 200].append(ask)
        last = 0
        for step in sorted(steps):
            if ages and step > last:
                await asyncio.to_thread(_grow_older, stack, (step - last) * STEP_MINUTES)
            last = step
            await asyncio.gather(*(one(ask) for ask in steps[step]))
    return wanted


def _grow_older(stack: Stack, minutes: int) -> None:
    with stack.connect() as connection:
        connection.execute(
            "UPDATE gateway_cacheentry SET created_at = created_at - make_interval(mins => %(m)s), "
            "expires_at = expires_at - make_interval(mins => %(m)s), ends_at = ends_at - make_interval(mins => %(m)s)",
            {"m": minutes},
        )
        connection.commit()


def _totals(stack: Stack, wanted: dict[str, Ask]) -> Totals:
    found = Totals()
    with stack.connect() as connection:
        rows = connection.execute(
            "SELECT call_id::text, cost_nanos, cache_saved_nanos, checks -> 'cache' FROM governance_auditrecord"
        ).fetchall()
    for call_id, cost, by_provider, said in rows:
        ask = wanted.get(call_id)
        if ask is None:
            continue
        found.calls += 1
        found.paid += cost
        found.by_provider += by_provider
        cache = (said if isinstance(said, dict) else json.loads(said)) if said else {}
        if cache.get("outcome") != "hit":
            continue
        kind, source = cache["kind"], wanted.get(cache["call"])
        found.hits[kind] += 1
        found.saved[kind] += cache.get("saved_nanos", 0)
        if source is None or source.wants != ask.wants:
            found.wrong.append((ask.text, "" if source is None else source.text))
        elif source.text != ask.text and kind == "semantic":
            found.read.add((source.text, ask.text))
    return found


def show(name: str, found: Totals, goal: float) -> None:
    print(
        f"\n{name}: {found.calls:,} calls, ${found.whole / 1e9:.2f} without any cache, ${found.paid / 1e9:.2f} paid"
    )
    print("| saved by | calls | dollars | share |\n|---|---|---|---|")
    for kind in ("exact", "semantic", "slot"):
        if found.hits[kind]:
            print(
                f"| {kind} | {found.hits[kind]:,} | {found.saved[kind] / 1e9:.3f} | {found.saved[kind] / found.whole:.1%} |"
            )
    print(
        f"| the provider's own cache | | {found.by_provider / 1e9:.3f} | {found.by_provider / found.whole:.1%} |"
    )
    own = sum(found.saved.values())
    print(f"Answers given again save {own / found.whole:.1%} (goal {goal:.0%}) of what it would cost without any cache, and "
          f"{own / (own + found.paid):.1%} of the bill that it would be; wrong answers: {len(found.wrong)}")  # fmt: skip
    for asked, known in found.wrong[:20]:
        print(f"  WRONG {asked!r} got the answer of {known!r}")
    for known, asked in sorted(found.read)[:12]:
        print(f"  {asked!r} got the answer of {known!r}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cache_traffic", description=__doc__)
    parser.add_argument("--only", choices=("tools", "dashboards"))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--calls", type=int, default=4000, help="of the tools, for 2 million a month (default %(default)s)"
    )
    parser.add_argument("--days", type=int, default=2, help="of the dashboards (default %(default)s)")
    arguments = parser.parse_args()
    if arguments.only != "dashboards":
        show("Internal tools", run(tools(arguments.calls, arguments.seed), ages=False), 0.34)
    if arguments.only != "tools":
        show("Dashboards", run(dashboards(arguments.days, arguments.seed), ages=True), 0.67)


if __name__ == "__main__":
    main()
