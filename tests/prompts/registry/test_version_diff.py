"""What differs between two versions: nothing that does is left out, and both can be read from it."""

import pytest
from hypothesis import given, settings

from prompts.registry.policy.document import (
    PARTS,
    Document,
    Example,
    Knowledge,
    Output,
    Parameters,
    PromptLimits,
    PromptMessage,
    ScoreWeights,
    ToolDefinition,
    Variable,
    changed_parts,
)
from prompts.registry.policy.text_diff import SpanKind, has_changes
from prompts.registry.policy.version_diff import version_diff
from tests.prompts.registry.documents import DOCUMENTS

OTHERS = {
    "messages": (PromptMessage(text="Hi"),), "variables": (Variable(name="x"),), "examples": (Example(user="a", assistant="b"),), "model": "m",
    "parameters": Parameters(temperature=0.5), "tools": (ToolDefinition(name="t", schema={}),), "tool_choice": "any", "output": Output(corrections=2),
    "limits": PromptLimits(max_input_tokens=3), "caches_prefix": True, "cache_key": "a", "fallbacks": ("nova-pro",), "regions": ("eu",), "weights": ScoreWeights(cost=1, quality=0, latency=0), "privacy": {}, "context": ("a",), "knowledge": Knowledge(top_k=3), "takes_messages": False,
}  # fmt: skip


def sides(change) -> tuple[str, str]:
    return (
        "".join(span.text for span in change.spans if span.kind is not SpanKind.ADDED),
        "".join(span.text for span in change.spans if span.kind is not SpanKind.REMOVED),
    )


@settings(max_examples=30)
@given(DOCUMENTS, DOCUMENTS)
def test_messages_can_be_read_from_it_and_nothing_is_left_out(before, after):
    changes = version_diff(before, after)
    assert (changes == []) == (before == after)
    found = {change.path: change for change in changes}
    assert len(found) == len(changes)
    for name in Document.__struct_fields__:
        if name != "messages":
            assert (name in found) == (getattr(before, name) != getattr(after, name)), name
    for number in range(max(len(before.messages), len(after.messages))):
        one, other = (
            each.messages[number] if number < len(each.messages) else None for each in (before, after)
        )
        assert (f"messages.{number}" in found) == (one != other)
        if one != other:
            assert sides(found[f"messages.{number}"]) == (
                one.text if one else "",
                other.text if other else "",
            )


@given(DOCUMENTS)
def test_nothing_differs_from_itself(document):
    assert version_diff(document, document) == []
    assert changed_parts(document, document) == frozenset()
    assert changed_parts(None, document) == frozenset(PARTS)


@pytest.mark.parametrize("name", Document.__struct_fields__)
def test_every_member_is_seen_by_readers_and_by_rules(name):
    """A member that is added to documents must be added to both."""
    changed = Document(**{name: OTHERS[name]})
    assert [change.path.partition(".")[0] for change in version_diff(Document(), changed)] == [name]
    (part,) = changed_parts(Document(), changed)
    assert name in PARTS[part]


def test_words_that_changed():
    before = Document(messages=(PromptMessage(text="Answer in a friendly tone."),), model="a")
    after = Document(
        messages=(
            PromptMessage(text="Answer in a formal tone."),
            PromptMessage(role="assistant", text="Yes"),
        ),
        model="b",
    )
    first, second, model = version_diff(before, after)
    assert [(span.kind.value, span.text) for span in first.spans] == [
        ("equal", "Answer in a "), ("removed", "friendly"), ("added", "formal"), ("equal", " tone."),
    ]  # fmt: skip
    assert (first.title, second.title, model.title) == ("Message 1 (user)", "Message 2 (assistant)", "Model")
    assert sides(second) == ("", "Yes")
    assert sides(model) == ("a", "b")


def test_a_role_that_changed_is_said_in_the_title():
    before, after = (
        Document(messages=(PromptMessage(text="Hi"),)),
        Document(messages=(PromptMessage(role="system", text="Hi"),)),
    )
    (change,) = version_diff(before, after)
    assert change.title == "Message 1 (user → system)"
    assert not has_changes(change.spans)


def test_what_goes_away_is_shown_as_it_was():
    (change,) = version_diff(Document(limits=PromptLimits(max_input_tokens=300)), Document())
    assert sides(change) == ("max_input_tokens: 300\n", "")
