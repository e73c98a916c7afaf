"""What tables of pairs are held to."""

from gateway.cache.policy.guards import veto
from gateway.cache.policy.questions import read


def assert_told_apart(guard: str, one: str, other: str) -> None:
    """By this guard, whichever of the two was asked first."""
    assert veto(read(one), read(other)) == guard
    assert veto(read(other), read(one)) == guard


def assert_same(one: str, other: str) -> None:
    """No guard has a veto, and both are found under one key."""
    assert veto(read(one), read(other)) == veto(read(other), read(one)) == ""
    assert read(one).key == read(other).key
