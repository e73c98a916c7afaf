"""Where a prompt's beginning has its home."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import Block, Conversation, Message
from gateway.routing.affinity import home_order, key_of

IDS = st.lists(st.integers(1, 10_000), min_size=1, max_size=12, unique=True)


@given(st.binary(min_size=8, max_size=8), IDS, st.integers(0, 11))
def test_homes_stay_when_others_come_and_go(key, ids, gone):
    order = [ids[place] for place in home_order(key, ids)]
    assert sorted(order) == sorted(ids)
    left = [each for each in ids if each != ids[gone % len(ids)]]
    assert [left[place] for place in home_order(key, left)] == [each for each in order if each in left]


def said(*texts: str, system: str = "") -> Conversation:
    return Conversation(
        messages=[Message(role="user", content=[Block(text=text)]) for text in texts],
        system=[Block(text=system)] if system else None,
    )


def test_what_is_shared_is_the_key():
    rules = "Follow the rules of the house. " * 300
    assert key_of(said("One", system=rules)) == key_of(said("Two", "Three", system=rules))
    assert key_of(said("One", system=rules)) != key_of(said("One", system=rules + "!"))
    first = "A long first message. " * 400
    assert key_of(said(first)) == key_of(said(first, "Go on."))
    assert key_of(said("Short.")) is None


def test_homes_are_spread_evenly():
    ids, homes = [1, 2, 3, 4], [0, 0, 0, 0]
    for number in range(4000):
        homes[home_order(number.to_bytes(8, "big"), ids)[0]] += 1
    assert all(850 < each < 1150 for each in homes)
