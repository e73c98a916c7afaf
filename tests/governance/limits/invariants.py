"""The ledger's invariants, asserted."""

from collections.abc import Callable
from typing import Any

from governance.limits.selectors.invariants import INVARIANTS


def assert_sound(execute: Callable[[str], list[Any]]) -> None:
    """Fails with the rows that break an invariant."""
    broken = {name: rows for name, (_, query) in INVARIANTS.items() if (rows := execute(query))}
    assert not broken, broken
