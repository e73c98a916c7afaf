"""What a limit is for, against the plainest definition: look at every dimension that is set, and compare."""

from hypothesis import given
from hypothesis import strategies as st

from governance.limits.policy.scopes import UNTAGGED, CallFacts, Scope

IDS = ("team_id", "application_id", "api_key_id")
TAGS = ("end_user", "feature", "model")
PER = ("", "team", "application", "api_key", "end_user", "feature", "model")

tags = st.sampled_from(["", "a", "b"])
numbers = st.integers(1, 3)
calls = st.builds(
    CallFacts,
    **dict.fromkeys(IDS, numbers),
    end_user=tags,
    feature=tags,
    model=st.sampled_from(["a", "b"]),
)
scopes = st.builds(
    Scope,
    **{name: st.none() | numbers for name in IDS},
    **dict.fromkeys(TAGS, tags),
    per=st.sampled_from(PER),
)


def applies(scope: Scope, call: CallFacts) -> bool:
    """The definition, naively."""
    for name in (*IDS, *TAGS):
        wanted = getattr(scope, name)
        if wanted not in (None, "") and wanted != getattr(call, name):
            return False
    return True


def found(scope: Scope, call: CallFacts) -> str | None:
    """What the gateway asks: first of the key, then of the call."""
    if not scope.may_apply_to(**{name: getattr(call, name) for name in IDS}):
        return None
    return scope.subject_of(call)


@given(scope=scopes, call=calls)
def test_a_scope_is_what_its_set_dimensions_say(scope, call):
    assert (found(scope, call) is not None) == applies(scope, call)


@given(scope=scopes, one=calls, other=calls)
def test_two_calls_share_a_counter_when_they_are_told_apart_by_nothing(scope, one, other):
    if not (applies(scope, one) and applies(scope, other)):
        return
    name = scope.per if scope.per in ("", *TAGS) else f"{scope.per}_id"
    same = not name or getattr(one, name) == getattr(other, name)
    assert (found(scope, one) == found(scope, other)) == same


@given(call=calls)
def test_the_empty_scope_is_for_every_call(call):
    assert found(Scope(), call) == ""


@given(scope=scopes, call=calls)
def test_calls_without_the_tag_share_one_counter(scope, call):
    subject = found(scope, call)
    untagged = scope.per in TAGS and getattr(call, scope.per or "model") == ""
    assert subject is None or (subject == UNTAGGED) == untagged


@given(scope=scopes, call=calls, name=st.sampled_from((*IDS, *TAGS)), value=st.sampled_from([1, 2, "a", "b"]))
def test_naming_more_is_for_fewer_calls(scope, call, name, value):
    if isinstance(value, int) != (name in IDS):
        return
    fields = {each: getattr(scope, each) for each in (*IDS, *TAGS)}
    if fields[name] not in (None, ""):
        return
    narrower = Scope(**{**fields, name: value})
    assert not applies(narrower, call) or found(Scope(**fields), call) is not None
