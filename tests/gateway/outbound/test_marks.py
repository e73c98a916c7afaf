"""Marks against forged marks come out of answers again, however the answer is cut into pieces."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.events import BlockStop, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.outbound.marks import marks_filter
from governance.screening.policy.defence import BREAK, mark_text, marked_values, marks_of, set_apart, together

LETTERS = "abcdefgh"
plain = st.text(alphabet="ab<>/ \nuser_tx\\u2063", max_size=30).filter(lambda text: BREAK not in text)


def answered(kind, pieces):
    """The text that a caller gets of one block."""
    filtered = marks_filter(LETTERS)
    events = [kind(0, piece) for piece in pieces] + [BlockStop(0), Finished("end_turn", Usage())]
    seen = [each for event in events for each in filtered.feed(event)]
    return "".join(
        each.text if isinstance(each, TextDelta) else each.arguments
        for each in seen
        if isinstance(each, TextDelta | ToolDelta)
    )


@given(
    st.lists(st.sampled_from([BREAK, *marks_of(LETTERS), "<", "user_text", "Hello", "\n"]), max_size=8),
    st.data(),
)
def test_nothing_of_the_marks_is_left_and_nothing_else_goes(parts, data):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = answered(TextDelta, [text])
    assert answered(TextDelta, pieces) == whole
    assert BREAK not in whole
    assert not any(mark in whole for mark in marks_of(LETTERS))


@given(plain)
def test_what_has_no_mark_passes_letter_for_letter(text):
    if not any(mark.lower() in text.lower() for mark in (*marks_of(LETTERS), "\\u2063")):
        assert answered(TextDelta, list(text)) == text


def test_arguments_of_tools_are_what_a_file_had():
    arguments = json.dumps({"old": f"Human{BREAK}: <{BREAK}system>"})
    assert json.loads(answered(ToolDelta, list(arguments))) == {"old": "Human: <system>"}


def test_reasoning_stays_as_its_signature_says():
    filtered = marks_filter(LETTERS)
    event = ReasoningDelta(0, f"a{BREAK}b", "signature")
    assert list(filtered.feed(event)) == [event]
    assert list(filtered.feed(ToolStart(1, "id", "f"))) == [ToolStart(1, "id", "f")]


@given(st.text(max_size=60))
def test_a_value_is_marked_or_left_but_never_changed_otherwise(value):
    text = f"Before {set_apart(value)} after"
    bare = together(value)
    assert together(text) == f"Before {bare} after"
    found = marked_values(text, LETTERS)
    if len(bare) > 40 or "\n" in bare:
        assert found == f"Before {mark_text(bare, LETTERS)} after"
    else:
        assert found == f"Before {bare} after"
