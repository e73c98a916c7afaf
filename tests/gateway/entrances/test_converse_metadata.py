"""`requestMetadata` of callers: what Bedrock takes, with room for the call's id."""

import re

import boto3
import pytest
from botocore.model import Shape
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import Block, Conversation, Message, encode
from gateway.entrances.formats.converse import check_metadata
from gateway.entrances.formats.entrance import ConverseEntrance
from gateway.refusals import Refusal
from governance.usage.policy.invocation_logs import CALL_KEY

NAMES = st.text("ab9 :_@$#=/+,-.", min_size=1, max_size=256)
VALUES = st.text("ab9 :_@$#=/+,-.", max_size=256)
ANY = st.text(max_size=300)


def shape() -> Shape:
    model = boto3.client("bedrock-runtime", region_name="us-east-1").meta.service_model
    return model.shape_for("ConverseRequest").members["requestMetadata"]


def is_taken_by_bedrock(metadata: dict[str, str]) -> bool:
    """With ours beside them, by botocore's own model, whose patterns are Java's."""
    found, all_of_it = shape(), metadata | {CALL_KEY: "x" * 36}
    return found.metadata["min"] <= len(all_of_it) <= found.metadata["max"] and all(
        re.fullmatch(each.metadata["pattern"], text, re.ASCII)
        and each.metadata["min"] <= len(text) <= each.metadata["max"]
        for name, value in all_of_it.items()
        for each, text in ((found.key, name), (found.value, value))
    )


@given(st.dictionaries(NAMES | ANY, VALUES | ANY, max_size=18))
def test_taken_is_what_bedrock_takes_with_the_call_s_id_beside_it(metadata):
    if is_taken_by_bedrock(metadata) and CALL_KEY not in metadata:
        check_metadata(metadata)
        return
    with pytest.raises(Refusal) as refused:
        check_metadata(metadata)
    assert refused.value.param == "requestMetadata"


def test_the_sixteenth_entry_is_refused_by_name():
    check_metadata({f"n{number}": "x" for number in range(15)})
    with pytest.raises(Refusal, match="15 of your own"):
        check_metadata({f"n{number}": "x" for number in range(16)})


def test_the_name_of_the_call_s_id_is_gatehouse_s_own():
    with pytest.raises(Refusal, match=CALL_KEY):
        check_metadata({CALL_KEY: "mine"})


def test_variables_of_a_prompt_are_not_held_to_bedrock_s_rules():
    asked = Conversation(
        messages=[Message(role="user", content=[Block(text="x")])],
        request_metadata={"variables": '{"of": ["a"]}'},
    )
    with pytest.raises(Refusal, match="variables"):
        ConverseEntrance(model="a-route").parse(encode(asked))
    assert ConverseEntrance(model="prompt/a-name").parse(encode(asked)).prompt is not None
