"""The walker of service models, with botocore as an oracle: whatever it accepts, botocore's own validator accepts."""

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel as BotocoreModel
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.service_breach import BreachKind
from kernel.service_model import ServiceModel

MODELS = {
    name: Loader().load_service_model(name, "service-2")
    for name in ("bedrock-runtime", "bedrock-agent-runtime")
}
SHAPES = {name: model["shapes"] for name, model in MODELS.items()}
BODIES = [
    ("bedrock-runtime", "ConverseRequest"),
    ("bedrock-runtime", "ConverseTokensRequest"),
    ("bedrock-runtime", "ApplyGuardrailRequest"),
    ("bedrock-agent-runtime", "RetrieveRequest"),
    ("bedrock-agent-runtime", "RetrieveAndGenerateRequest"),
]
CHECKERS = {pair: ServiceModel(SHAPES[pair[0]]).checker(pair[1]) for pair in BODIES}
DEEPEST = 9


def values(shapes: dict[str, Any], name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are often of a shape, and often nearly."""
    shape = shapes[name]
    if shape.get("document"):
        return st.sampled_from([{}, {"a": [1, None]}, "text", 1])
    kind = shape["type"]
    if kind == "structure":
        return st.deferred(lambda: structures(shapes, shape, depth))
    if kind == "list":
        inner = values(shapes, shape["member"]["shape"], depth + 1)
        return st.lists(inner, max_size=2) if depth < DEEPEST else st.just([])
    if kind == "map":
        inner = values(shapes, shape["value"]["shape"], depth + 1)
        return st.dictionaries(st.sampled_from(["a", "b c", "ä"]), inner, max_size=2)
    if "enum" in shape:
        return st.sampled_from([*shape["enum"][:3], *shape["enum"][:3], "other"])
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": st.sampled_from(["a", "a", "a1", "", "a b|", "x" * 70, "0123456789", 5]),
        "blob": st.sampled_from(["aGk=", "aGk=", "aGk", "a\n", ""]),
        "boolean": st.sampled_from([True, True, False, 1]),
        "integer": st.sampled_from([1, 1, 5, 0, -1, 1.5, True, 2**40]),
        "long": st.sampled_from([1, 5, 1.5]),
        "float": st.sampled_from([1, 0.5, -1, 7, "x"]),
        "double": st.sampled_from([1, 0.5, "x"]),
        "timestamp": st.just("2026-01-01T00:00:00Z"),
    }
    return scalars[kind]


def structures(shapes: dict[str, Any], shape: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    members = {
        name: values(shapes, member["shape"], depth + 1)
        for name, member in shape["members"].items()
        if "location" not in member and (depth < DEEPEST or name in shape.get("required", ()))
    }
    if shape.get("union") and members:
        return st.one_of(*[st.fixed_dictionaries({name: inner}) for name, inner in members.items()])
    required = {name: members[name] for name in shape.get("required", ()) if name in members}
    more = {name: inner for name, inner in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional=dict(list(more.items())[: 12 - min(depth, 9)]))


def complaints(pair: tuple[str, str], value: Any) -> str:
    """What botocore's validator says of a body, whose members elsewhere than in the body are given."""
    service, name = pair
    shape = BotocoreModel(MODELS[service]).shape_for(name)
    elsewhere = {
        member: "1234567890"
        for member, inner in SHAPES[service][name]["members"].items()
        if "location" in inner
    }
    report: str = ParamValidator().validate({**elsewhere, **value}, shape).generate_report()
    return report


@pytest.mark.parametrize("pair", BODIES, ids=lambda pair: pair[1])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_it_accepts_botocore_accepts(pair: tuple[str, str], data: st.DataObject) -> None:
    value = data.draw(values(SHAPES[pair[0]], pair[1]))
    if CHECKERS[pair](value) is None:
        assert complaints(pair, value) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "role", "content", "text", "image"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_it_never_raises_and_always_says_where(value: Any) -> None:
    breach = CHECKERS["bedrock-runtime", "ConverseRequest"](value)
    if breach is not None:
        assert breach.message
        assert len(breach.message) < 2_000


def test_all_shapes_compile() -> None:
    for shapes in SHAPES.values():
        model = ServiceModel(shapes)
        for name in shapes:
            model.checker(name)


def test_nesting_that_is_too_deep_is_told() -> None:
    nested: dict[str, Any] = {"equals": {"key": "a", "value": 1}}
    other = nested
    for _ in range(900):
        nested = {"andAll": [nested, other]}
    search = {"vectorSearchConfiguration": {"filter": nested}}
    breach = CHECKERS["bedrock-agent-runtime", "RetrieveRequest"](
        {"retrievalQuery": {"text": "x"}, "retrievalConfiguration": search}
    )
    assert breach is not None
    assert breach.kind is BreachKind.DEPTH


SMALL = ServiceModel(
    {
        "Body": {
            "type": "structure",
            "required": ["name"],
            "members": {
                "name": {"shape": "Name", "locationName": "theName"},
                "path": {"shape": "Name", "location": "uri"},
                "size": {"shape": "Size"},
                "bytes": {"shape": "Bytes"},
                "self": {"shape": "Body"},
            },
        },
        "Name": {"type": "string", "min": 1, "max": 3, "pattern": r"\w+"},
        "Size": {"type": "integer", "min": 0, "max": 9},
        "Bytes": {"type": "blob", "min": 1, "max": 4},
    }
).checker("Body")


@pytest.mark.parametrize(
    ("value", "kind", "path"),
    [
        ({}, BreachKind.REQUIRED, "theName"),
        ({"theName": None}, BreachKind.REQUIRED, "theName"),
        ({"theName": "a", "path": "b"}, BreachKind.UNKNOWN, "path"),
        ({"theName": "ä"}, BreachKind.PATTERN, "theName"),
        ({"theName": "a\n"}, BreachKind.PATTERN, "theName"),
        ({"theName": "abcd"}, BreachKind.LENGTH, "theName"),
        ({"theName": "a", "size": 10}, BreachKind.RANGE, "size"),
        ({"theName": "a", "size": True}, BreachKind.TYPE, "size"),
        ({"theName": "a", "bytes": "aGVsbG8="}, BreachKind.LENGTH, "bytes"),
        ({"theName": "a", "bytes": "aGk"}, BreachKind.BASE64, "bytes"),
        ({"theName": "a", "bytes": " aGk="}, BreachKind.BASE64, "bytes"),
        ({"theName": "a", "self": {"theName": "a", "self": {}}}, BreachKind.REQUIRED, "self.self.theName"),
    ],
)
def test_breaches_of_a_small_model(value: Any, kind: BreachKind, path: str) -> None:
    breach = SMALL(value)
    assert breach is not None
    assert (breach.kind, breach.path) == (kind, path)


def test_sound_values_of_a_small_model() -> None:
    assert (
        SMALL({"theName": "abc", "size": 0, "bytes": "aGk=", "self": {"theName": "a", "size": None}}) is None
    )
