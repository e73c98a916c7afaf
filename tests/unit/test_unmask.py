import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.events import BlockStop, Finished, TextDelta, ToolDelta, ToolStart, Usage
from gateway.outbound.filters import UnmaskFilter
from gateway.outbound.unmask import Unmasker

VALUES = {
    "<EMAIL_ADDRESS_3f2a9c>": 'ann "the one" <a@example.com>',
    "<PHONE_NUMBER_00aa11>": "+1 415 555 2671",
    "<PHONE_NUMBER_00aa11ff>": "x",
}
pieces = st.sampled_from(
    [*VALUES, "<", "<EMAIL", "<EMAIL_ADDRESS_", "<EMAIL_ADDRESS_ffffff>", ">", "text", " ", "<<", "é", "\n"]
)


def chunks(text, sizes):
    """Cuts a text into pieces of these sizes, over and over."""
    position, turn = 0, 0
    while position < len(text):
        size = sizes[turn % len(sizes)]
        yield text[position : position + size]
        position, turn = position + size, turn + 1


def replaced(text):
    for token, value in VALUES.items():
        text = text.replace(token, value)
    return text


@given(st.lists(pieces).map("".join), st.lists(st.integers(1, 40), min_size=1))
def test_every_chunking_gives_what_the_whole_gives(text, sizes):
    unmasker = Unmasker(VALUES)
    assert "".join(unmasker.feed(chunk) for chunk in chunks(text, sizes)) + unmasker.close() == replaced(text)


@given(st.lists(pieces).map("".join))
def test_nothing_certain_is_held_back(text):
    unmasker = Unmasker(VALUES)
    unmasker.feed(text)
    held = unmasker.close()
    assert held == "" or any(token.startswith(held) and token != held for token in VALUES)


@given(st.lists(pieces).map("".join), st.lists(st.integers(1, 9), min_size=1))
def test_tool_arguments_stay_json_whatever_a_value_holds(text, sizes):
    arguments = json.dumps({"to": text}, ensure_ascii=False)
    feed = UnmaskFilter(VALUES)
    events = [ToolStart(0, "t", "send")]
    for chunk in chunks(arguments, sizes):
        events += feed.feed(ToolDelta(0, chunk))
    events += feed.feed(BlockStop(0))
    visible = "".join(event.arguments for event in events if isinstance(event, ToolDelta))
    assert json.loads(visible) == {"to": replaced(text)}


def test_brackets_that_a_model_escapes_are_known_too():
    feed = UnmaskFilter(VALUES)
    (event,) = feed.feed(ToolDelta(0, '{"to":"\\u003cPHONE_NUMBER_00aa11\\u003e"}'))
    assert event.arguments == '{"to":"+1 415 555 2671"}'


def test_what_is_held_comes_before_the_end():
    feed = UnmaskFilter(VALUES)
    assert list(feed.feed(TextDelta(0, "a <EMAIL"))) == [TextDelta(0, "a ")]
    end = Finished("end_turn", Usage())
    assert list(feed.feed(end)) == [TextDelta(0, "<EMAIL"), end]


def test_blocks_do_not_run_into_each_other():
    feed = UnmaskFilter(VALUES)
    list(feed.feed(TextDelta(0, "<PHONE_NUMBER_")))
    assert list(feed.feed(TextDelta(1, "00aa11>"))) == [TextDelta(1, "00aa11>")]
    assert list(feed.feed(BlockStop(0))) == [TextDelta(0, "<PHONE_NUMBER_"), BlockStop(0)]
