"""Beginnings that change: found where something that stays comes after them, and only there."""

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.conversation import Conversation, SystemBlock
from gateway.wire.beginnings import Beginnings, difference, parts_of

KEY = b"of a team"
LINE = st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=20)
LINES = st.lists(LINE, min_size=4, max_size=12)
RULES = "\n".join(f"Rule {number}: be kind to whom you meet, whoever it is." for number in range(100))


def prompt(*blocks: str) -> Conversation:
    return Conversation(messages=[], system=[SystemBlock(text=text) for text in blocks])


def look(known: Beginnings, conversation: Conversation, now: float, *, route: str = "claude"):
    digest = str(hash(tuple(block.text for block in conversation.system or ())))
    return known.look(1, route, conversation, digest=digest, key=KEY, least_tokens=200, now=now)


@given(before=LINES, place=st.integers(0, 2), one=LINE, other=LINE)
def test_one_line_that_differs_before_what_is_the_same_is_found(before, place, one, other):
    assume(one != other)
    first, second = list(before), list(before)
    first[place], second[place] = one, other
    parts = [parts_of(prompt("\n".join(lines), RULES), key=KEY) for lines in (first, second)]
    found = difference(*parts, least_tokens=200)
    assert found is not None
    assert found.place == f"system[0] line {place + 1}"
    assert found.tokens > 0.9 * len(RULES) / 4


@given(lines=LINES)
def test_what_is_the_same_or_ends_with_the_difference_is_none(lines):
    text = "\n".join(lines)
    assert (
        difference(parts_of(prompt(text), key=KEY), parts_of(prompt(text), key=KEY), least_tokens=1) is None
    )
    behind = [parts_of(prompt(RULES, f"{text}\n{n}"), key=KEY) for n in range(2)]
    assert difference(*behind, least_tokens=1) is None


def test_two_kinds_of_prompts_are_none():
    known = Beginnings()
    assert look(known, prompt("One", RULES), 0) is None
    assert look(known, prompt(RULES, "Another", "Third"), 2) is None
    assert look(known, prompt("Now: 10:01\n" + RULES), 4) is None
    found = look(known, prompt("Now: 10:02\n" + RULES), 6)
    assert found is not None
    assert found.place == "system[0] line 1"
    assert look(known, prompt("Now: 10:03\n" + RULES), 8, route="another") is None


def test_the_same_again_and_more_than_one_a_second_are_not_looked_at():
    known = Beginnings()
    look(known, prompt("Now: 10:01\n" + RULES), 0)
    assert look(known, prompt("Now: 10:01\n" + RULES), 5) is None
    assert look(known, prompt("Now: 10:02\n" + RULES), 0.5) is None
    assert look(known, prompt("Now: 10:03\n" + RULES), 6) is not None
