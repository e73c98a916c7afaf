"""The queue of teams: every item once, each team in its own order, shares by weight, nobody starved."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.queues import Slots
from governance.limits.policy.fair_queue import FairQueue

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 4)),
        st.tuples(st.just("pop"), st.just(0)),
        st.tuples(st.just("remove"), st.integers(0, 50)),
    ),
    max_size=80,
)


class Item:
    def __init__(self, team: int, number: int) -> None:
        self.team, self.number = team, number


@given(steps=STEPS)
def test_every_item_comes_out_once_and_each_team_in_order(steps):
    queue: FairQueue[Item] = FairQueue()
    waiting: list[Item] = []
    taken: list[Item] = []
    for number, (what, value) in enumerate(steps):
        if what == "push":
            item = Item(value, number)
            queue.push(item, team=value, weight=value + 1)
            waiting.append(item)
        elif what == "remove" and waiting:
            queue.remove(waiting.pop(value % len(waiting)))
        elif what == "pop" and waiting:
            item = queue.pop()
            assert item is next(each for each in waiting if each.team == item.team)
            waiting.remove(item)
            taken.append(item)
        assert len(queue) == len(waiting)
    assert len(set(taken)) == len(taken)


@given(weights=st.lists(st.integers(1, 5), min_size=2, max_size=5), rounds=st.integers(1, 10))
def test_turns_go_by_weight_while_all_wait(weights, rounds):
    queue: FairQueue[Item] = FairQueue()
    for team, weight in enumerate(weights):
        for number in range(weight * rounds + 5):
            queue.push(Item(team, number), team=team, weight=weight)
    turns = Counter(queue.pop().team for _ in range(sum(weights) * rounds))
    for team, weight in enumerate(weights):
        assert abs(turns[team] - weight * rounds) <= len(weights)


@given(burst=st.integers(1, 200), served=st.integers(0, 199))
def test_a_newcomer_has_the_next_turn_but_one_whatever_a_burst(burst, served):
    queue: FairQueue[Item] = FairQueue()
    for number in range(burst):
        queue.push(Item(1, number), team=1, weight=1)
    for _ in range(min(served, burst - 1)):
        queue.pop()
    newcomer = Item(2, 0)
    queue.push(newcomer, team=2, weight=1)
    assert newcomer in (queue.pop(), queue.pop() if queue else None)


async def test_slots_are_never_lost_nor_made():
    slots = Slots(3)
    running, most = 0, 0

    async def work(number: int) -> str:
        nonlocal running, most
        if not (
            slots.try_acquire() or await slots.acquire(team=number % 3, weight=1, seconds=0.02 * (number % 4))
        ):
            return "late"
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.004)
        finally:
            running -= 1
            slots.release()
        return "done"

    tasks = [asyncio.create_task(work(number)) for number in range(200)]
    await asyncio.sleep(0.01)
    for task in tasks[::7]:
        task.cancel()
    outcomes = Counter(str(outcome) for outcome in await asyncio.gather(*tasks, return_exceptions=True))
    assert outcomes["done"] > 3
    assert (most, slots.taken, slots.waiting) == (3, 0, 0)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=60), st.integers(1, 4))
def test_how_many_are_ahead_is_how_many_go_first(steps, team):
    queue: FairQueue[object] = FairQueue()
    for of, leaves in steps:
        if leaves and len(queue):
            queue.pop()
        else:
            queue.push(object(), team=of, weight=of)
    ahead, mine = queue.ahead(team), object()
    queue.push(mine, team=team, weight=team)
    gone = 0
    while queue.pop() is not mine:
        gone += 1
    assert abs(gone - ahead) <= 4  # one for each team


@given(st.lists(st.integers(1, 40), min_size=2, max_size=4))
def test_what_leaves_without_a_turn_costs_its_team_none(rates):
    """Each team queues at its own rate; of each, all but the latest three leave; turns are shared evenly all the same."""
    queue: FairQueue[Item] = FairQueue()
    waiting: dict[int, list[Item]] = {team: [] for team in range(len(rates))}
    turns = Counter[int]()
    for step in range(300):
        for team, rate in enumerate(rates):
            for _ in range(rate):
                item = Item(team, step)
                queue.push(item, team=team, weight=1)
                waiting[team].append(item)
            while len(waiting[team]) > 3:
                queue.remove(waiting[team].pop(0))
        taken = queue.pop()
        waiting[taken.team].remove(taken)
        turns[taken.team] += 1
    assert max(turns.values()) - min(turns.values()) <= 2
