"""Every test is in a tier, and one that is in the second alone is there because it is marked so."""

import itertools

import pytest

from tests.tiers import QUICK, REST, is_in

MARKERS = ("slow", "quick", "hypothesis")


class Item:
    def __init__(self, *markers: str) -> None:
        self._markers = markers

    def get_closest_marker(self, name: str) -> object | None:
        return name if name in self._markers else None


@pytest.mark.parametrize("number", range(len(MARKERS) + 1))
def test_no_test_is_lost_between_the_tiers(number: int) -> None:
    for markers in itertools.combinations(MARKERS, number):
        item = Item(*markers)
        assert is_in(item, QUICK) or is_in(item, REST), markers
        assert is_in(item, QUICK) == ("slow" not in markers or "quick" in markers), markers


def test_properties_are_tried_again_with_all_their_examples() -> None:
    assert is_in(Item("hypothesis"), QUICK)
    assert is_in(Item("hypothesis"), REST)
    assert not is_in(Item(), REST)
