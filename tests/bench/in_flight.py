"""Limits of calls in flight beside each other, on a model that answers so many at once and lets the rest wait: additive increase
with multiplicative decrease, Netflix' Gradient2, and ours (gateway/routing/fleet/in_flight.py). A simulation: no clock, no
network, the same each time."""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from gateway.routing.fleet.in_flight import InFlight

SECONDS, PATIENCE = 300.0, 10.0
FIRST_TOKEN, GENERATION = 0.4, 2.0
"""Mean seconds of a call on a model with nothing else to do."""


class Limit(Protocol):
    calls: int
    limit: float

    def answered(self, seconds: float) -> None: ...


class Additive:
    """Grows with use; falls when a first token takes four times the usual."""

    def __init__(self) -> None:
        self.calls, self.limit, self._usual, self._number = 0, 100.0, 0.0, 0

    def answered(self, seconds: float) -> None:
        self._number += 1
        is_slow = self._number > 20 and seconds > max(4 * self._usual, self._usual + 3)
        share = 0.02 if self._number > 20 else 1 / self._number
        self._usual += (min(seconds, max(4 * self._usual, self._usual + 3)) - self._usual) * share
        if is_slow:
            self.limit = max(4.0, self.limit * 0.95)
        elif 2 * self.calls >= self.limit:
            self.limit += 2 / self.limit


class Gradient:
    """Gradient2 (Netflix/concurrency-limits, Gradient2Limit.java), tolerance 2."""

    def __init__(self) -> None:
        self.calls, self.limit, self._long, self._short, self._number = 0, 100.0, 0.0, 0.0, 0

    def answered(self, seconds: float) -> None:
        self._number += 1
        self._long += (seconds - self._long) * max(0.01, 1 / self._number)
        self._short += (seconds - self._short) * max(0.2, 1 / self._number)
        if self._long > 1.5 * self._short:
            self._long *= 0.95
        if 2 * self.calls < self.limit:
            return
        gradient = max(0.5, min(1.0, 2 * self._long / self._short))
        new = self.limit * gradient + math.sqrt(self.limit)
        self.limit = min(2000.0, max(4.0, self.limit * 0.8 + new * 0.2))


@dataclass
class Found:
    answered: float
    refused: float
    first_token_p50: float
    first_token_p99: float
    limit: int


CASES = (
    ("half of what it can", 100, 20.0, 0.5, None),
    ("nine tenths", 100, 38.0, 0.5, None),
    ("half as much again", 100, 60.0, 0.5, None),
    ("three times as much", 100, 120.0, 0.5, None),
    ("it falls to a fifth", 100, 38.0, 0.5, 20),
    ("first tokens vary widely", 100, 30.0, 1.2, None),
    ("a large one", 1000, 800.0, 0.5, None),
)
"""What is asked of a model: calls it answers at once, calls a second, spread of first tokens, what it falls to midway."""


def show() -> None:
    """The table."""
    print(f"\n{'':26} {'':9} answered/s  refused/s  first token p50   p99   limit")
    for name, capacity, rate, spread, falls_to in CASES:
        for kind in (Additive, Gradient, InFlight):
            found = simulate(kind(), capacity=capacity, rate=rate, spread=spread, falls_to=falls_to)
            print(
                f"{name:26} {kind.__name__:9} {found.answered:10.1f} {found.refused:10.1f} {found.first_token_p50:16.2f} "
                f"{found.first_token_p99:6.2f} {found.limit:6}"
            )
            name = ""


def simulate(
    limit: Limit, *, capacity: int, rate: float, spread: float, falls_to: int | None, seed: int = 1
) -> Found:
    """Five minutes of calls that wait for ten seconds at most."""
    chance = random.Random(seed)
    numbers = iter(range(10**9))
    events: list[tuple[float, int, str, float]] = [(chance.expovariate(rate), next(numbers), "call", 0.0)]
    here: deque[float] = deque()
    there: deque[float] = deque()
    busy, answered, refused, firsts = 0, 0, 0, []
    while events:
        now, _, what, sent = heapq.heappop(events)
        if now > SECONDS:
            break
        if falls_to is not None and now > SECONDS / 3:
            capacity = falls_to
        if what == "call":
            heapq.heappush(events, (now + chance.expovariate(rate), next(numbers), "call", 0.0))
            here.append(now)
        elif what == "first":
            firsts.append(now - sent)
            limit.answered(now - sent)
        else:
            busy -= 1
            limit.calls -= 1
            answered += 1
        while here and limit.calls < int(limit.limit):
            if now - here.popleft() > PATIENCE:
                refused += 1
            else:
                limit.calls += 1
                there.append(now)
        while there and busy < capacity:
            sent = there.popleft()
            busy += 1
            first = now + FIRST_TOKEN * math.exp(chance.gauss(0, spread))
            heapq.heappush(events, (first, next(numbers), "first", sent))
            heapq.heappush(events, (first + chance.expovariate(1 / GENERATION), next(numbers), "end", sent))
    late = sorted(firsts[len(firsts) // 3 :])
    return Found(
        answered / SECONDS,
        refused / SECONDS,
        late[len(late) // 2],
        late[int(len(late) * 0.99)],
        int(limit.limit),
    )
