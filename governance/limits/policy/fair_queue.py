"""PURE: a queue that is fair between teams: each gets its share by weight, however many of its calls wait, or leave.

Start-time fair queueing: Goyal, Vin and Cheng, "Start-time Fair Queuing", SIGCOMM 1996, every call of length one. A team's turns
are reckoned when they are given, not when its calls come: those that leave before take none.
"""

from collections import OrderedDict
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items in the order of their turns. A team of weight 2 has two turns for one of weight 1 while both wait."""

    def __init__(self) -> None:
        self._lines: dict[int, OrderedDict[int, Item]] = {}
        """Of each team that waits, its items by number."""
        self._next: dict[int, float] = {}
        """When a team's next turn begins, in turns of weight 1."""
        self._weights: dict[int, int] = {}
        self._now = 0.0
        self._numbers = count()
        self._places: dict[int, tuple[int, int]] = {}
        """Team and number of each item, by its identity."""

    def __len__(self) -> int:
        return len(self._places)

    def push(self, item: Item, *, team: int, weight: int) -> None:
        """Queues an item for a team."""
        number = next(self._numbers)
        line = self._lines.get(team)
        if line is None:
            line = self._lines[team] = OrderedDict()
            self._next[team] = max(self._now, self._next.get(team, 0.0))
        self._weights[team] = weight
        line[number] = item
        self._places[id(item)] = team, number

    def ahead(self, team: int) -> int:
        """About how many have their turn before the next item of a team would: one more or less for each team."""
        own = len(self._lines.get(team, ()))
        start = max(self._now, self._next.get(team, 0.0)) + own / self._weights.get(team, 1)
        return own + sum(
            min(len(line), max(0, int((start - self._next[other]) * self._weights[other]) + 1))
            for other, line in self._lines.items()
            if other != team
        )

    def peek(self) -> Item:
        """Whose turn it is. IndexError when nobody waits."""
        team = self._first()
        return next(iter(self._lines[team].values()))

    def pop(self) -> Item:
        """Takes the item whose turn it is."""
        item = self.peek()
        self.take(item)
        return item

    def take(self, item: Item) -> None:
        """Gives an item its turn, the next one's or not."""
        team, _ = self._places[id(item)]
        self._now = max(self._now, self._next[team])
        self._next[team] += 1 / self._weights[team]
        self.remove(item)

    def remove(self, item: Item) -> None:
        """Takes an item that waits no more, wherever it is; nothing when it is not here."""
        team, number = self._places.pop(id(item), (0, -1))
        if number < 0:
            return
        line = self._lines[team]
        del line[number]
        if not line:
            del self._lines[team]
        if not self._places:  # nobody is owed anything
            self._next.clear()
            self._weights.clear()
            self._now = 0.0

    def _first(self) -> int:
        """The team whose turn begins first; of several, whose item came first."""
        if not self._lines:
            raise IndexError("nobody waits")
        return min(self._lines, key=lambda team: (self._next[team], next(iter(self._lines[team]))))
