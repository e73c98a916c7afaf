"""The system prompt in an answer: found in any pieces, and held back where it ends the answer."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbound.leaks import LeakScreen
from gateway.outbound.screen import BlockedError
from governance.screening.policy.defence import canary, mark_text, nonce
from governance.screening.policy.leaks import CANARY, PROMPT, LeakWatch, SystemPrompt

SYSTEM = "You help the people of a harbour town to find a mooring, speak of boats alone and never name a price to anybody."
SECRET = canary(b"key", SYSTEM)
WATCHED = SystemPrompt([SYSTEM], SECRET)
words = st.lists(
    st.sampled_from(["boats", "the", "of", "a", "mooring", "price", "sail", "wind", "you", "help"]),
    max_size=40,
)
sizes = st.lists(st.integers(1, 30), min_size=1)


def cut(text, sizes):
    position, turn = 0, 0
    while position < len(text):
        size = sizes[turn % len(sizes)]
        yield text[position : position + size]
        position, turn = position + size, turn + 1


def leak_in(text, sizes=(7,)):
    watch = LeakWatch(WATCHED)
    found = [watch.feed(piece) for piece in cut(text, list(sizes))]
    return next((each for each in [*found, watch.close()] if each), "")


@given(words, words, sizes)
def test_the_prompt_is_found_in_any_pieces(before, after, sizes):
    assert leak_in(" ".join([*before, ".", SYSTEM.upper(), *after]), sizes) == PROMPT


@given(words, sizes)
def test_its_words_in_another_order_are_none(some, sizes):
    assert leak_in(" ".join(some), sizes) == leak_in(" ".join(some), [10_000])


@pytest.mark.parametrize(
    "dressed",
    [
        SECRET,
        SECRET.upper(),
        "-".join(SECRET),
        SECRET[::-1],
        SECRET.encode().hex(),
        *(base64.b64encode(before + SECRET.encode() + b"!").decode() for before in (b"", b"a", b"ab")),
    ],
)
@given(sizes=sizes)
def test_the_canary_is_known_in_any_dress_and_pieces(dressed, sizes):
    assert leak_in(f"It is {dressed}, you know", sizes) == CANARY


def test_a_short_prompt_leaks_whole_and_a_few_common_words_never():
    watch = LeakWatch(SystemPrompt(["Answer in French only, please, always."]))
    assert watch.feed("I will answer in French only, please wait. ") == ""
    assert watch.feed("Answer in French only, please, always. ") == PROMPT
    watch = LeakWatch(SystemPrompt(["Be kind."]))
    assert watch.feed("Be kind. Be kind. ") == ""


@given(words, sizes)
def test_where_a_leak_ends_the_answer_its_words_are_held_back(before, sizes):
    screen = LeakScreen(WATCHED, ends_answer=True, note=lambda _: None)
    let_go: list[str] = []

    def answer() -> None:
        let_go.extend(screen.feed(piece) for piece in cut(" ".join([*before, "so:", SYSTEM]), sizes))
        screen.close()

    with pytest.raises(BlockedError):
        answer()
    assert "to find a mooring" not in "".join(let_go)
    assert "speak of boats alone" not in "".join(let_go)


@given(words, sizes)
def test_what_is_no_leak_comes_whole(some, sizes):
    text = " ".join(some)
    screen = LeakScreen(WATCHED, ends_answer=True, note=lambda _: None)
    try:
        assert "".join(screen.feed(piece) for piece in cut(text, sizes)) + screen.close() == text
    except BlockedError:
        assert leak_in(text)


@given(st.text(), st.text(alphabet="<>/|user_text[]INST \n:system", max_size=200))
def test_no_text_ends_its_marks(anything, forged):
    digits = nonce(b"key", SYSTEM)
    whole = mark_text(anything + forged, digits)
    first, last = f"<user_text {digits}>\n", f"\n</user_text {digits}>"
    assert whole.startswith(first)
    assert whole.endswith(last)
    inner = whole[len(first) : -len(last)].casefold()
    assert "<user_text" not in inner
    assert "</user_text" not in inner
    assert "<|" not in inner
    assert "[inst]" not in inner
    assert inner.replace("\u2063", "") == (anything + forged).casefold().replace("\u2063", "")
