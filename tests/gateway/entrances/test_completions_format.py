"""OpenAI's legacy completions: what a request becomes, and what can't be honoured."""

import json
from typing import Any

import pytest
from openai.types import completion_create_params

from gateway.entrances.formats import completions
from gateway.entrances.formats.completions import CompletionsEntrance
from gateway.refusals import Refusal


def parsed(**members: Any) -> Any:
    return CompletionsEntrance().parse(json.dumps({"model": "m", "prompt": "Once"} | members).encode())


def test_every_member_of_the_sdk_is_known() -> None:
    """`seed` alone is dropped and said, as an unknown member is."""
    known = completions._HONOURED | completions._UNSUPPORTED.keys()
    assert set(completion_create_params.CompletionCreateParamsBase.__annotations__) - known == {"seed"}


@pytest.mark.parametrize("prompt", ["Once", ["Once"]])
def test_a_prompt_is_a_users_message(prompt: Any) -> None:
    conversation = parsed(
        prompt=prompt, max_tokens=9, stop="x", temperature=0.5, n=1, best_of=1, echo=False
    ).conversation
    assert [
        (message.role, [block.text for block in message.content]) for message in conversation.messages
    ] == [("user", ["Once"])]
    config = conversation.inference_config
    assert (config.max_tokens, config.stop_sequences, config.temperature) == (9, ["x"], 0.5)


def test_what_is_unknown_is_said() -> None:
    assert [str(each) for each in parsed(seed=3, new=1).places.adjustments] == [
        "seed; dropped",
        "new; dropped",
    ]


def test_who_says_to_be_calling_and_what_is_wished() -> None:
    found = parsed(user="u-1", gatehouse={"prefer": {"cost": "low"}})
    assert found.said_by == {"end_user.user": "u-1"}
    assert found.places.wishes.cost == "low"
    assert found.places.adjustments == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("echo", True), ("suffix", "end"), ("best_of", 2), ("n", 2), ("logprobs", 0), ("logprobs", 3), ("logit_bias", {"1": 2}),
        ("prompt", ["a", "b"]), ("prompt", [1, 2]), ("prompt", None), ("stop", ["", "a"]),
    ],
)  # fmt: skip
def test_what_can_not_be_honoured_is_refused_by_name(member: str, value: Any) -> None:
    with pytest.raises(Refusal) as refused:
        parsed(**{member: value})
    assert refused.value.param == member
