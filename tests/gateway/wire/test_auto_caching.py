"""Cache points where the caller sets none: Bedrock takes them, nothing else is changed, and the next call reads what this one wrote."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.rules import actions_of
from gateway.conversation import encode
from gateway.refusals import Refusal
from gateway.wire.beginnings import BILLING
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work
from tests.gateway.wire.fitted import FAMILIES, bedrock_error, capability, parse, sent
from tests.gateway.wire.test_fit_fuzz import A_BODIES, B_BODIES, MODELS, O_BODIES

HAIKU, NOVA = FAMILIES["claude-haiku-4-5"], FAMILIES["nova-lite"]
BODIES = st.one_of(
    O_BODIES.map(lambda body: ("openai", body)),
    A_BODIES.map(lambda body: ("anthropic", body)),
    B_BODIES.map(lambda body: ("converse", body)),
)
LONG = "Be kind, and brief. " * 1200
POINT = {"cachePoint": {"type": "default"}}


def fitted(wire_format: str, model_id: str, body: dict[str, Any], *, places: bool) -> dict[str, Any]:
    """What is sent to a model that caches whatever is marked, however short."""
    parsed = parse(wire_format, body)
    able = replace(capability(model_id), cache_min_tokens=0)
    work = Work(parsed.conversation, able, actions_of(), wire_format=wire_format, places=parsed.places)
    found = fit(work, default_max_tokens=4096, most_tokens=200_000, places_cache_points=places)
    made: dict[str, Any] = msgspec.json.decode(encode(found.conversation))
    return made


def without_points(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_points(member) for name, member in value.items()}
    if isinstance(value, list):
        return [without_points(each) for each in value if each != POINT]
    return value


def points_in(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(points_in, value.values()))
    return sum((each == POINT) + points_in(each) for each in value) if isinstance(value, list) else 0


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(asked=BODIES, model_id=MODELS)
def test_bedrock_takes_them_and_nothing_else_is_changed(asked, model_id):
    wire_format, body = asked
    try:
        plain = fitted(wire_format, model_id, body, places=False)
    except Refusal:
        return
    if plain != without_points(plain):
        return  # the caller has set some
    marked = fitted(wire_format, model_id, body, places=True)
    assert without_points(marked) == plain
    assert points_in(marked) <= capability(model_id).cache_points
    if not bedrock_error(model_id, plain):
        assert bedrock_error(model_id, marked) == ""


def turns(number: int) -> list[dict[str, str]]:
    said = [{"role": ("user", "assistant")[n % 2], "content": f"{n}: {LONG}"} for n in range(2 * number - 1)]
    return said


def where(body: dict[str, Any]) -> list[str]:
    found = ["tools"] if POINT in (body.get("toolConfig") or {}).get("tools", []) else []
    found += ["system"] if POINT in body.get("system", []) else []
    return found + [str(n) for n, message in enumerate(body["messages"]) if POINT in message["content"]]


@pytest.mark.parametrize(
    ("number", "model_id", "expected"),
    [
        (1, HAIKU, ["tools", "system"]),
        (2, HAIKU, ["tools", "system", "0"]),
        (4, HAIKU, ["tools", "system", "2", "4"]),
        (4, NOVA, ["system", "2", "4"]),
    ],
)
def test_tools_system_and_the_last_users_turn_but_one_are_marked(number, model_id, expected):
    tool = {"name": "look", "description": LONG, "input_schema": {"type": "object"}}
    body = {"model": "m", "max_tokens": 100, "system": LONG, "tools": [tool], "messages": turns(number)}
    found = sent("anthropic", model_id, body, places_cache_points=True)
    assert where(found.body) == expected
    assert bedrock_error(model_id, found.body) == ""
    assert "system; marked=cache_point" in found.adjusted
    assert len([each for each in found.adjusted if each.endswith("marked=cache_point")]) == len(expected)
    # What this call wrote, the next one reads: the same beginning, with a point at the same place.
    following = sent("anthropic", model_id, body | {"messages": turns(number + 1)}, places_cache_points=True)
    if number > 1:
        assert expected[-1] in where(following.body)


def test_what_is_too_short_marked_by_the_caller_or_switched_off_stays_as_it_is():
    short = {"model": "m", "max_tokens": 100, "system": "Be kind.", "messages": turns(1)}
    assert where(sent("anthropic", HAIKU, short, places_cache_points=True).body) == []
    long = short | {"system": LONG}
    assert where(sent("anthropic", HAIKU, long).body) == []
    own = [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]
    marked = long | {"messages": [{"role": "user", "content": own}]}
    assert where(sent("anthropic", HAIKU, marked, places_cache_points=True).body) == ["0"]
    assert where(sent("anthropic", FAMILIES["mistral-large"], long, places_cache_points=True).body) == []


def test_what_differs_each_time_stands_behind_the_point():
    billing = f"{BILLING} cc_version=2.1.197.423; cc_entrypoint=cli;"
    system = [{"type": "text", "text": billing}, {"type": "text", "text": LONG}]
    body = {"model": "m", "max_tokens": 100, "system": system, "messages": turns(1)}
    found = sent("anthropic", HAIKU, body, places_cache_points=True)
    assert found.body["system"] == [{"text": LONG}, POINT, {"text": billing}]
    assert any(each.startswith("system[0]; moved") for each in found.adjusted)
