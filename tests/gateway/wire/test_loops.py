"""Whether an agent goes round in circles, by what it sends along of its own history."""

import pytest

from gateway.wire.loops import repeats_of
from tests.gateway.wire.fitted import parse


def turns(*steps):
    """A history of (arguments, result, is an error)."""
    messages = [{"role": "user", "content": "Do it."}]
    for number, (arguments, result, is_error) in enumerate(steps):
        use = {"type": "tool_use", "id": f"t{number}", "name": "run", "input": arguments}
        answer = {"type": "tool_result", "tool_use_id": f"t{number}", "content": result, "is_error": is_error}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [answer]}]
    return messages


def repeats(messages):
    return repeats_of(parse("anthropic", {"model": "m", "messages": messages}).conversation)


@pytest.mark.parametrize(
    ("steps", "number", "what"),
    [
        ([({"a": 1}, "x", False)] * 4, 4, "same arguments"),
        ([({"a": 1}, "x", False), ({"b": 2}, "y", False)] * 3, 3, "same arguments"),
        ([({"a": number}, "No such file.", True) for number in range(5)], 5, "same error"),
        ([({"a": number}, "x", False) for number in range(5)], 1, "same arguments"),
        (
            [({"poll": 1}, f"{number} %", False) for number in range(5)],
            1,
            "same arguments",
        ),  # something comes of it
        ([], 0, ""),
    ],
)
def test_what_is_repeated_is_counted(steps, number, what):
    found = repeats(turns(*steps))
    assert found.number == number
    assert what in found.what


def test_a_person_s_word_begins_anew():
    again = [
        *turns(*[({"a": 1}, "x", False)] * 3),
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "Again."},
    ]
    assert repeats(again).number == 0


def test_the_same_answer_is_counted():
    messages = [{"role": "user", "content": "Go."}]
    for number in range(3):
        messages += [
            {"role": "assistant", "content": "I will try once more."},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": f"none{number}", "content": "x"}],
            },
        ]
    assert repeats(messages).number == 3
