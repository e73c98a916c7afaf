"""A call's own values go back into its answer, wherever a chunk ends, and no more is held back than must be."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.events import BlockStop, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.outbound.filters import UnmaskFilter
from gateway.outbound.unmask import Unmasker
from governance.privacy.policy.placeholders import longest_spelling
from tests.governance.privacy.samples import chunks, lookalikes, sizes

ENTITIES = frozenset(("EMAIL_ADDRESS", "PHONE_NUMBER", "WORD"))
VALUES = {
    "<EMAIL_ADDRESS_3f2a9c>": 'ann "the one" <a@example.com>',
    "<PHONE_NUMBER_00aa11>": "+1 415 555 2671",
    "<PHONE_NUMBER_00aa11ff>": "x",
    "<WORD_abcdef>": "C:\\new",
}
_PIECES = (
    *VALUES, "<", "<EMAIL", "<EMAIL_ADDRESS_", "EMAIL_ADDRESS_3f2a9c", "PHONE_NUMBER_00aa11", "<EMAIL_ADDRESS_ffffff>", ">", "text",
    " ", "<<", "é", "\n", "\\", "&lt;", "\\u003c", "ff", "_",
)  # fmt: skip
pieces = st.one_of(st.sampled_from(_PIECES), lookalikes())
texts = st.lists(pieces, max_size=12).map("".join)


def whole(text, values=VALUES):
    unmasker = Unmasker(values, ENTITIES)
    return unmasker.feed(text) + unmasker.close()


@given(texts, sizes)
@example("\\<WORD_abcdef\\<", [13])
@example("\\<WORD_abcdef and more \\", [13])
def test_every_chunking_gives_what_the_whole_gives(text, sizes):
    unmasker = Unmasker(VALUES, ENTITIES)
    assert "".join(unmasker.feed(chunk) for chunk in chunks(text, sizes)) + unmasker.close() == whole(text)


@given(st.lists(st.sampled_from([*VALUES, "text", " ", "\n", ", "]), max_size=12))
def test_placeholders_as_they_are_become_values_and_all_else_stays(parts):
    assert whole("".join(parts)) == "".join(VALUES.get(part, part) for part in parts)


@given(texts, sizes)
def test_what_is_held_back_is_short_and_may_be_a_placeholder(text, sizes):
    unmasker = Unmasker(dict.fromkeys(VALUES, ""), ENTITIES)
    given = taken = 0
    plain = Unmasker({}, ENTITIES)
    for chunk in chunks(text, sizes):
        given += len(chunk)
        unmasker.feed(chunk)
        taken += len(plain.feed(chunk))  # nothing is replaced, so lengths can be compared
        assert given - taken <= longest_spelling(VALUES)
    held = plain.close()
    assert taken + len(held) == given
    assert not held or held[0].casefold() in "<&\\ewpl"


@pytest.mark.parametrize("end", ["", ".", " and more", "é", "\n", ")"])
def test_what_cannot_be_a_placeholder_is_let_go_at_once(end):
    unmasker = Unmasker(VALUES, ENTITIES)
    assert unmasker.feed(f"Dear friend, 3 < 4{end} ") == f"Dear friend, 3 < 4{end} "


def test_a_placeholder_is_let_go_with_its_last_bracket():
    unmasker = Unmasker(VALUES, ENTITIES)
    assert unmasker.feed("to <WORD_abcdef") == "to "
    assert unmasker.feed(">") == "C:\\new"


@given(texts, sizes, st.booleans())
@example("<EMAIL_ADDRESS_3f2a9c>\\<EMAIL_ADDRESS_3f2a9c\\<", [7], False)
def test_json_stays_json_whatever_a_value_holds(text, sizes, is_ascii):
    arguments = json.dumps({"to": text, f"-{text}": [text]}, ensure_ascii=is_ascii)
    feed = UnmaskFilter(VALUES, ENTITIES)
    events = [ToolStart(0, "t", "send")]
    for chunk in chunks(arguments, sizes):
        events += feed.feed(ToolDelta(0, chunk))
    events += feed.feed(BlockStop(0))
    shown = "".join(event.arguments for event in events if isinstance(event, ToolDelta))
    to, (inner,) = json.loads(shown).values()
    assert to == inner


@pytest.mark.parametrize(
    "written",
    [
        "\\u003cPHONE_NUMBER_00aa11\\u003e",
        "<PHONE_NUMBER_00aa11>",
        "phone_number_00AA11",
        "&lt;PHONE_NUMBER_00aa11&gt;",
    ],
)
def test_brackets_that_a_model_escapes_in_json_are_known_too(written):
    feed = UnmaskFilter(VALUES, ENTITIES)
    (event,) = feed.feed(ToolDelta(0, f'{{"to":"{written}"}}'))
    assert event.arguments == '{"to":"+1 415 555 2671"}'


def test_a_value_after_an_escaped_backslash_leaves_the_json_whole():
    feed = UnmaskFilter(VALUES, ENTITIES)
    (event,) = feed.feed(ToolDelta(0, json.dumps({"path": "D:\\<WORD_abcdef>"})))
    assert json.loads(event.arguments) == {"path": "D:\\C:\\new"}


def test_structured_output_is_json_and_other_text_is_not():
    for is_json, shown in ((True, '"C:\\\\new"'), (False, '"C:\\new"')):
        feed = UnmaskFilter(VALUES, ENTITIES, is_json=is_json)
        assert list(feed.feed(TextDelta(0, '"<WORD_abcdef>"'))) == [TextDelta(0, shown)]


def test_what_is_held_comes_before_the_end():
    feed = UnmaskFilter(VALUES, ENTITIES)
    assert list(feed.feed(TextDelta(0, "a <EMAIL"))) == [TextDelta(0, "a ")]
    end = Finished("end_turn", Usage())
    assert list(feed.feed(end)) == [TextDelta(0, "<EMAIL"), end]


def test_blocks_do_not_run_into_each_other():
    feed = UnmaskFilter(VALUES, ENTITIES)
    list(feed.feed(TextDelta(0, "<PHONE_NUMBER_")))
    assert list(feed.feed(TextDelta(1, "00aa11>"))) == [TextDelta(1, "00aa11>")]
    assert list(feed.feed(BlockStop(0))) == [TextDelta(0, "<PHONE_NUMBER_"), BlockStop(0)]


def test_reasoning_is_unmasked_and_what_goes_with_it_is_passed_on():
    feed = UnmaskFilter(VALUES, ENTITIES)
    assert list(feed.feed(ReasoningDelta(0, "see <WORD_abcdef> "))) == [ReasoningDelta(0, "see C:\\new ")]
    assert list(feed.feed(ReasoningDelta(0, "see <WORD_"))) == [ReasoningDelta(0, "see ")]
    assert list(feed.feed(ReasoningDelta(0, signature="c2ln"))) == [ReasoningDelta(0, "<WORD_", "c2ln")]
    assert list(feed.feed(BlockStop(0))) == [BlockStop(0)]


@pytest.mark.parametrize("more", [{"signature": "c2ln"}, {"data": "ZGF0YQ=="}])
def test_what_is_signed_stays_beside_its_text(more):
    feed = UnmaskFilter(VALUES, ENTITIES)
    assert list(feed.feed(ReasoningDelta(0, "<WORD_abc", **more))) == [ReasoningDelta(0, "<WORD_abc", **more)]
    assert list(feed.feed(ReasoningDelta(1, **more))) == [ReasoningDelta(1, **more)]


@pytest.mark.parametrize(
    "written",
    [
        "<WORD\\_abcdef>",
        "\\<WORD\\_abcdef\\>",
        '{"inner":"\\u003cWORD_abcdef\\u003e"}',
        "\\\\\\<WORD_abcdef>",
    ],
)
def test_escapes_inside_json_leave_it_json(written):
    feed = UnmaskFilter({"<WORD_abcdef>": "Ann"}, ENTITIES)
    events = [
        *feed.feed(ToolDelta(0, json.dumps(written))),
        *feed.feed(ToolDelta(0, " ")),
        *feed.feed(BlockStop(0)),
    ]
    shown = json.loads("".join(event.arguments for event in events[:-1]))
    assert "Ann" in shown
    assert "WORD" not in shown
