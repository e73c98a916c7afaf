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
        # The same in other words: the order of members, white space, what differs each time.
        (
            [({"a": 1, "b": "ls  -la "}, "x", False), ({"b": "ls -la", "a": 1}, "x", False)] * 2,
            4,
            "same arguments",
        ),
        (
            [
                ({"a": 1}, f"Ran at 2026-01-0{n} 10:00:0{n}, took 0.{n} s, id 9f8e7d6{n}\n", False)
                for n in range(5)
            ],
            5,
            "same arguments",
        ),
        ([({"a": n}, f"Try {n} of 9: no such file", True) for n in range(5)], 5, "same error"),
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


def test_a_program_s_word_does_not():
    messages = []
    for number in range(4):
        messages += [{"role": "user", "content": "Go on."}, *turns(({"a": number}, "No.", True))[1:]]
    assert repeats(messages).number == 4


def test_what_is_called_at_once_counts_once():
    uses = [{"type": "tool_use", "id": f"t{n}", "name": "run", "input": {"a": 1}} for n in range(5)]
    results = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "x"} for n in range(5)]
    messages = [
        {"role": "user", "content": "Do it."},
        {"role": "assistant", "content": uses},
        {"role": "user", "content": results},
    ]
    assert repeats(messages).number == 1


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
