"""Claude's own `output_config` among Converse's additional fields."""

import json

import pytest

from gateway.call.places import Places
from gateway.entrances.formats.converse import check_request, decode
from gateway.refusals import Refusal

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
MESSAGES = [{"role": "user", "content": [{"text": "Bern?"}]}]


def decoded(fields, **members):
    body = {"messages": MESSAGES, "additionalModelRequestFields": fields, **members}
    found = decode(json.dumps(body).encode(), places=Places(), is_prompt=False)
    check_request(found)
    return found


def test_it_is_converses_own_member():
    found = decoded(
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}, "top_k": 3}
    )
    assert found.output_config["effort"] == "low"
    structure = found.output_config["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(structure["schema"]) == SCHEMA
    assert found.additional_model_request_fields == {"top_k": 3}


def test_it_joins_what_is_said_there():
    found = decoded({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
                    outputConfig={"effort": "low"})  # fmt: skip
    assert found.output_config.keys() == {"textFormat", "effort"}
    assert found.additional_model_request_fields is None
    assert decoded({"output_config": {}}).output_config is None


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"effort": "low"}, "Send it once"),
        ({"effort": 5}, "effort"),
        ({"else": 1}, "else"),
        ("high", "object"),
    ],
)
def test_what_is_not_read_is_refused(config, why):
    with pytest.raises(Refusal) as refused:
        decoded({"output_config": config}, outputConfig={"effort": "high"})
    assert why in refused.value.message
    assert refused.value.param == "additionalModelRequestFields.output_config"
