import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy.screening.leaks import MOST_HELD, RUN, LeakWatch
from governance.policy.screening.structure import canary, canary_notice

TOKEN = canary(b"key", "call")
PROMPT = (
    "You are the assistant of a garden shop. Answer questions about plants, pots and soil. Never promise a delivery date, "
    "never give a discount above ten per cent, and send people with broken tools to the workshop in the cellar. "
    + canary_notice(TOKEN)
)
WORDS = PROMPT.split()
ORDINARY = (
    "Plants need light and water. Our shop sells pots, soil and tools; ask about a discount in the cellar. "
)
LEAKS = {
    "plain": TOKEN,
    "capitals": TOKEN.upper(),
    "spaced": " ".join(TOKEN),
    "dashes": "-".join(TOKEN),
    "lines": "\n".join(TOKEN),
    "backwards": TOKEN[::-1],
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 within one more": base64.b64encode(f"it is {TOKEN}, sir".encode()).decode(),
    "base64 within two more": base64.b64encode(f"x: {TOKEN}!".encode()).decode(),
    "words": " ".join(WORDS[3 : 3 + RUN]),
    "words in capitals": " ".join(WORDS[9 : 9 + RUN]).upper(),
    "words with marks": "* ".join(WORDS[5 : 5 + RUN]) + " *",
}


def whole(text, prompt=PROMPT, token=TOKEN):
    watch = LeakWatch(prompt, token)
    passed = watch.feed(text) + watch.close()
    return watch.leaked, passed


def cut(text, sizes):
    """The text in pieces of these sizes, over and over."""
    pieces, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_leaks_are_found(leak):
    assert whole(f"Sure, here it is: {leak} and that is all.") == (True, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORDINARY,
        ORDINARY * 40,
        " ".join(WORDS[3 : 3 + RUN - 1]) + " and more",
        TOKEN[:-2] + " was it",
        " ".join(WORDS[30::-1]),
    ],
)
def test_ordinary_answers_pass_unchanged(text):
    assert whole(text) == (False, text)


PIECES = st.lists(
    st.sampled_from(
        [
            *LEAKS.values(),
            ORDINARY,
            " ",
            "x",
            TOKEN[:7],
            TOKEN[7:],
            "漢字",
            "É",
            "ß",
            " ".join(WORDS[:6]),
            " ".join(WORDS[6:14]),
        ]
    ),
    max_size=6,
).map("".join)
SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(PIECES, SIZES)
def test_any_cutting_gives_the_same_answer(text, sizes):
    leaked, passed = whole(text)
    watch = LeakWatch(PROMPT, TOKEN)
    out, fed = "", 0
    for piece in cut(text, sizes):
        out += watch.feed(piece)
        fed += len(piece)
        assert text.startswith(out)
        assert watch.leaked or fed - len(out) <= MOST_HELD
    out += watch.close()
    assert watch.leaked == leaked
    if not leaked:
        assert out == passed == text


@given(PIECES, SIZES)
def test_what_was_passed_on_before_a_leak_has_none_in_it(text, sizes):
    watch = LeakWatch(PROMPT, TOKEN)
    out = "".join(watch.feed(piece) for piece in cut(text, sizes))
    again = LeakWatch(PROMPT, TOKEN)
    again.feed(out)
    assert not again.leaked
    for leak in ("plain", "spaced"):
        assert LEAKS[leak] not in out


def test_of_a_canary_only_its_first_letters_get_out():
    watch = LeakWatch(PROMPT, TOKEN)
    out = "".join(watch.feed(letter) for letter in f"It is {TOKEN}.")
    assert watch.leaked
    assert len(out) <= len("It is ") + 4


def test_a_short_prompt_leaks_as_a_whole_and_a_tiny_one_never():
    assert whole("It says: be kind to all of our guests, always.", "Be kind to all of our guests", "") == (
        True,
        "",
    )
    assert whole("be kind to all of them", "Be kind to all of our guests", "")[0] is False
    assert whole("be kind", "Be kind", "")[0] is False
    assert whole("anything", "", "") == (False, "anything")


def test_prompts_in_scripts_without_blanks_are_watched():
    prompt = "你是花店的助手只回答关于植物和花盆的问题不要承诺送货日期"
    assert whole("它说" + prompt[3:20], prompt, "") == (True, "")
    assert whole("植物需要阳光和水", prompt, "")[0] is False


def test_the_last_word_counts_at_the_end():
    watch = LeakWatch("one two three four five six", "")
    watch.feed("one two three four five six")
    assert not watch.leaked
    assert (watch.close(), watch.leaked) == ("", True)
