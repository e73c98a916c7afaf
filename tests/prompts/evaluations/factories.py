"""A prompt with a version, a test set, and what it takes to run it."""

from typing import Any

from accounts.models import Team, User
from prompts.evaluations.models import Evaluation, TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.evaluations import start
from prompts.evaluations.services.test_sets import add_cases
from prompts.registry.models import Prompt, PromptVersion

DOLLAR = 1_000_000_000
DOCUMENT = {
    "messages": [{"role": "user", "text": "{{ question }}"}],
    "variables": [{"name": "question"}],
    "model": "nova-lite",
}


def make_prompt(
    team: Team | None, name: str = "support", *, versions: int = 1, state: str = "approved", **fields: Any
) -> Prompt:
    prompt = Prompt.objects.create(team=team, name=name, **fields)
    for number in range(1, versions + 1):
        PromptVersion.objects.create(prompt=prompt, number=number, document=DOCUMENT, state=state)
    return prompt


def make_set(team: Team, prompt: Prompt, *, questions: tuple[str, ...] = ("where", "when", "who"), **fields: Any) -> TestSet:  # fmt: skip
    """Cases that pass when the question comes back in capitals."""
    test_set = TestSet.objects.create(
        team=team, prompt=prompt, **{"name": "Questions", "assertions": [{"kind": "equals"}], **fields}
    )
    cases = [Case(variables={"question": question}, expected=question.upper()) for question in questions]
    add_cases(test_set, cases)
    test_set.refresh_from_db()
    return test_set


def begin(test_set: TestSet, by: User, **options: Any) -> Evaluation:
    values = {"candidates": [{"version": 1}], "budget_nanos": DOLLAR, "by": by, **options}
    return start(test_set, **values)
