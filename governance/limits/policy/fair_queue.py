"""PURE: a queue that is fair between teams: each gets its share by weight, however many of its calls wait.

Start-time fair queueing: Goyal, Vin and Cheng, "Start-time Fair Queuing", SIGCOMM 1996, every call of length one.
"""

from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items in the order of their turns. A team of weight 2 has two turns for one of weight 1 while both wait."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Item]] = []
        self._finish: dict[int, float] = {}
        self._now = 0.0
        self._numbers = count()
        self._waiting: set[int] = set()
        self._number_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, item: Item, *, team: int, weight: int) -> None:
        """Queues an item for a team."""
        start = max(self._now, self._finish.get(team, 0.0))
        self._finish[team] = start + 1 / weight
        number = next(self._numbers)
        self._waiting.add(number)
        self._number_of[id(item)] = number
        heappush(self._heap, (start, number, item))

    def ahead(self, team: int) -> int:
        """How many of those that wait have their turn before the next item of a team."""
        start = max(self._now, self._finish.get(team, 0.0))
        return sum(each <= start and number in self._waiting for each, number, _ in self._heap)

    def peek(self) -> Item:
        """Whose turn it is. IndexError when nobody waits."""
        while self._heap[0][1] not in self._waiting:
            heappop(self._heap)
        return self._heap[0][2]

    def pop(self) -> Item:
        """Takes the item whose turn it is."""
        item = self.peek()
        self.take(item)
        return item

    def take(self, item: Item) -> None:
        """Gives an item its turn, the next one's or not."""
        self._now = max(self._now, self._heap[0][0])
        self.remove(item)

    def remove(self, item: Item) -> None:
        """Takes an item that waits no more, wherever it is; nothing when it is not here."""
        number = self._number_of.pop(id(item), None)
        if number is not None:
            self._waiting.discard(number)
        if not self._waiting:  # nobody is owed anything
            self._heap.clear()
            self._finish.clear()
            self._now = 0.0
