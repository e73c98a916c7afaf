"""Defaults of temperature and top_p: where a caller sets none, the route's before the model's, and never what a model refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.snapshot.build import build_snapshot
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.gateway.wire.fitted import ENTRANCES, FAMILIES, bedrock_error, sent

_MESSAGES: dict[str, list[dict[str, Any]]] = {
    "openai": [{"role": "user", "content": "Hello"}],
    "anthropic": [{"role": "user", "content": "Hello"}],
    "converse": [{"role": "user", "content": [{"text": "Hello"}]}],
}
_VALUES = st.none() | st.sampled_from([0.0, 0.2, 0.5, 0.95, 1.0])
LITE, HAIKU, OPUS = FAMILIES["nova-lite"], FAMILIES["claude-haiku-4-5"], FAMILIES["claude-opus-5"]


def body(wire_format: str, temperature: float | None = None, top_p: float | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"messages": _MESSAGES[wire_format]}
    own = {"temperature": temperature, "top_p": top_p}
    if wire_format == "converse":
        config = {
            name: value
            for name, value in (("temperature", temperature), ("topP", top_p))
            if value is not None
        }
        return {**made, "inferenceConfig": config} if config else made
    if wire_format == "anthropic":
        made["max_tokens"] = 100
    return {**made, "model": "m", **{name: value for name, value in own.items() if value is not None}}


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    wire_format=st.sampled_from(ENTRANCES),
    asked=st.tuples(_VALUES, _VALUES),
    defaults=st.tuples(_VALUES, _VALUES),
)
def test_no_default_makes_a_request_that_a_model_refuses_or_changes_what_was_asked(
    family: str,
    wire_format: str,
    asked: tuple[float | None, float | None],
    defaults: tuple[float | None, float | None],
) -> None:
    model_id = FAMILIES[family]
    if wire_format == "converse" and bedrock_error(model_id, body(wire_format, *asked)):
        return  # what is wrong of itself is told in Bedrock's words
    plain = sent(wire_format, model_id, body(wire_format, *asked))
    found = sent(wire_format, model_id, body(wire_format, *asked), defaults=defaults)
    assert not bedrock_error(model_id, found.body)
    before, after = plain.body["inferenceConfig"], found.body["inferenceConfig"]
    assert {name: after[name] for name in before} == before
    added = after.keys() - before.keys()
    said = [each for each in found.adjusted if "; set=" in each]
    assert len(said) == len(added)
    assert [each for each in found.adjusted if each not in said] == plain.adjusted


@pytest.mark.parametrize(
    ("model_id", "asked", "defaults", "config", "said"),
    [
        (LITE, (None, None), (0.2, 0.9), {"temperature": 0.2, "topP": 0.9}, ["temperature; set=0.2", "top_p; set=0.9"]),
        (LITE, (0.7, None), (0.2, 0.9), {"temperature": 0.7, "topP": 0.9}, ["top_p; set=0.9"]),
        (LITE, (None, None), (0.0, None), {"temperature": 0.0}, ["temperature; set=0"]),
        (HAIKU, (None, None), (0.2, 0.9), {"temperature": 0.2}, ["temperature; set=0.2"]),
        (HAIKU, (None, 0.5), (0.2, None), {"topP": 0.5}, []),
        (OPUS, (None, None), (0.2, 0.9), {}, []),
    ],
)  # fmt: skip
def test_where_they_are_set(
    model_id: str,
    asked: tuple[Any, Any],
    defaults: tuple[Any, Any],
    config: dict[str, float],
    said: list[str],
) -> None:
    found = sent("openai", model_id, body("openai", *asked), defaults=defaults)
    given = found.body["inferenceConfig"]
    assert {name: given[name] for name in given if name != "maxTokens"} == config
    assert found.adjusted == said


@pytest.mark.parametrize(
    "thinks",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
        {"reasoning_effort": "high"},
    ],
)
def test_a_model_that_is_to_reason_is_given_none(thinks: dict[str, Any]) -> None:
    wire_format = "anthropic" if "thinking" in thinks else "openai"
    found = sent(wire_format, HAIKU, {**body(wire_format), **thinks}, defaults=(0.2, None))
    assert "temperature" not in found.body["inferenceConfig"]
    assert not bedrock_error(HAIKU, found.body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sampling", "models", "routes", "expected"),
    [
        ("all", (None, None), (None, None), None),
        ("all", (0.3, 0.8), (None, None), (0.3, 0.8)),
        ("all", (0.3, 0.8), (0.0, None), (0.0, 0.8)),
        ("one", (0.3, None), (None, 0.9), (None, 0.9)),
        ("one", (0.3, None), (None, None), (0.3, None)),
    ],
)
def test_the_routes_go_before_the_models(
    sampling: str, models: tuple[Any, Any], routes: tuple[Any, Any], expected: tuple[Any, Any] | None
) -> None:
    model = make_model(sampling=sampling, default_temperature=models[0], default_top_p=models[1])
    make_route("lite", make_deployment(model), default_temperature=routes[0], default_top_p=routes[1])
    (deployment,) = build_snapshot().routes["lite"].deployments
    assert deployment.defaults == expected
