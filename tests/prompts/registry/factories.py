"""Prompts with their versions, labels and rules of review."""

from typing import Any

from accounts.models import Team
from prompts.registry.models import Label, Prompt, PromptVersion, ReviewRule
from prompts.registry.policy.document import Document, PromptMessage, Variable
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import create_prompt, new_draft, save_draft

DOCUMENT: dict[str, Any] = {
    "messages": [{"role": "user", "text": "{{ question }}"}],
    "variables": [{"name": "question"}],
    "model": "nova-lite",
}
"""Asks what it is given."""


def make_prompt(
    team: Team | None, name: str = "support", *, versions: int = 1, document: dict[str, Any] = DOCUMENT, text: str = "",
    state: str = "approved", label: str = "", **fields: Any,
) -> Prompt:  # fmt: skip
    """A prompt with versions that say the same: a document, or a text, in which {} stands for the version's number.
    A label, if one is named, leads to the first of them."""
    prompt = Prompt.objects.create(team=team, name=name, **fields)
    for number in range(1, versions + 1):
        says = saying(text.format(number)) if text else document
        make_version(prompt, number=number, state=state, document=says)
    if label:
        make_label(prompt, label)
    return prompt


def saying(text: str) -> dict[str, Any]:
    """A document with this one message."""
    return {"model": "nova-lite", "messages": [{"role": "user", "text": text}]}


def make_version(
    prompt: Prompt, *, number: int, state: str = "approved", document: dict[str, Any] = DOCUMENT, **fields: Any
) -> PromptVersion:  # fmt: skip
    """A version that nobody has reviewed, whatever its state."""
    return PromptVersion.objects.create(
        prompt=prompt, number=number, state=state, document=document, **fields
    )


def version(prompt: Prompt, number: int) -> PromptVersion:
    """The prompt's version of this number."""
    return prompt.versions.get(number=number)


def make_label(prompt: Prompt, name: str = "production", *, number: int = 1, **fields: Any) -> Label:
    """A label that leads to a version, and has never been moved."""
    return Label.objects.create(prompt=prompt, name=name, version=version(prompt, number), **fields)


def make_rule(team: Team, name: str = "Two pairs of eyes", **fields: Any) -> ReviewRule:
    """A rule that one other person approves every version."""
    return ReviewRule.objects.create(team=team, name=name, **{"approvals": 1, **fields})


def make_reviewed_prompt(team: Team | None, name: str = "greeting") -> Prompt:
    """A prompt as people make one: an approved version behind a label, another in review, and a draft."""
    prompt = create_prompt(team=team, name=name, by=None)
    first = prompt.versions.get()
    document = Document(messages=(PromptMessage(text="Greet {{ name }}."),), variables=(Variable(name="name"),), model="nova-lite")  # fmt: skip
    save_draft(version=first, document=document, revision=1, by=None, note="The first.")
    PromptVersion.objects.filter(pk=first.pk).update(state="in_review", digest="1")
    PromptVersion.objects.filter(pk=first.pk).update(state="approved")
    move_label(prompt=prompt, name="production", version=first, by=None)
    second = new_draft(prompt=prompt, by=None, based_on=first)
    PromptVersion.objects.filter(pk=second.pk).update(state="in_review", digest="2")
    new_draft(prompt=prompt, by=None, based_on=first)
    return prompt
