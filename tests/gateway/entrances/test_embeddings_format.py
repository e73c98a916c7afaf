"""What an embedding is asked of: texts, or the tokens that clients cut them into."""

import json

import pytest

from gateway.entrances.formats.embeddings import EmbeddingsEntrance
from gateway.refusals import Refusal

TEXT, TOKENS = "Grüezi, 12 €", [6600, 2448, 68, 8510, 11, 220, 717, 13281]
"""The same, by tiktoken's cl100k_base."""
FLAMINGO = [9468, 99, 102]


def parsed(given, **members):
    body = {"model": "titan-embed-text-v2", "input": given} | members
    return EmbeddingsEntrance().parse(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (TEXT, [TEXT]),
        ([TEXT, "b"], [TEXT, "b"]),
        (TOKENS, [TEXT]),
        ([TOKENS, [65], "c"], [TEXT, "b", "c"]),
        (["text"] * 2048, ["text"] * 2048),
    ],
)
def test_texts_and_tokens(given, texts):
    found = parsed(given)
    assert [message.content[0].text for message in found.conversation.messages] == texts
    said = [str(adjustment) for adjustment in found.places.adjustments]
    has_tokens = isinstance(given, list) and not all(isinstance(one, str) for one in given)
    assert said == (["input; read_as=cl100k_base"] if has_tokens else [])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "may be empty"), ([], "'input' is a text"), ({"a": 1}, "'input' is a text"), (["a", ""], "input[1]"), ([["a"]], "input[0]"),
        ([[]], "input[0]"), ([True], "input[0]"), ([-1], "whole characters"), ([100_256], "whole characters"), ([10**12], "whole characters"), ([200_000_000], "whole characters"),
        (FLAMINGO[:1], "whole characters"), (["a"] * 2049, "more than 2048"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(given, why):
    with pytest.raises(Refusal) as refused:
        parsed(given)
    assert why in refused.value.message
    assert refused.value.param == "input"


def test_members_beside_the_texts_are_read_or_said():
    found = parsed(TEXT, user="u-1", gatehouse={"prefer": {"region": "eu"}}, truncate="END")
    assert found.said_by == {"end_user.user": "u-1"}
    assert found.places.wishes.region == "eu"
    assert [str(each) for each in found.places.adjustments] == ["truncate; dropped"]
    with pytest.raises(Refusal, match="prefer"):
        parsed(TEXT, gatehouse={"prefers": {}})
