"""A prompt with versions and a label, and calls of it, for the tests of experiments and rollouts."""

from datetime import datetime
from typing import Any

from accounts.models import Team
from governance.records.models import AuditRecord
from governance.reviews.models import Feedback
from kernel.clock import utc_now
from prompts.registry.models import Label, Prompt, PromptVersion, VersionState
from prompts.rollout.models import Arm, Experiment, Rollout
from tests.world import make_call

DOCUMENT = {"model": "nova-lite", "messages": [{"role": "user", "text": "Hello"}]}
PLAN = [
    {"share": 0.1, "minutes": 0, "calls": 20},
    {"share": 0.5, "minutes": 0, "calls": 20},
    {"share": 1, "minutes": 0, "calls": 20},
]


def make_prompt(
    team: Team | None, name: str = "support-reply", *, versions: int = 3, text: str = "Hello"
) -> Prompt:
    """A prompt with approved versions, `production` on the first. A number in the text is the version's."""
    prompt = Prompt.objects.create(team=team, name=name)
    made = [
        PromptVersion.objects.create(
            prompt=prompt,
            number=number,
            state=VersionState.APPROVED,
            digest="0" * 64,
            document=DOCUMENT | {"messages": [{"role": "user", "text": text.format(number)}]},
        )
        for number in range(1, versions + 1)
    ]
    Label.objects.create(prompt=prompt, name="production", version=made[0])
    return prompt


def version(prompt: Prompt, number: int) -> PromptVersion:
    return prompt.versions.get(number=number)


def make_rollout(prompt: Prompt, **fields: Any) -> Rollout:
    """A draft: version 2 to production, in three short steps."""
    values = {"version": version(prompt, 2), "label": "production", "plan": PLAN, "guardrails": {}} | fields
    return Rollout.objects.create(prompt=prompt, **values)


def make_experiment(prompt: Prompt, **fields: Any) -> Experiment:
    """A draft: version 2 against version 1."""
    values = {
        "name": "Shorter",
        "label": "production",
        "minimum": 50,
        "metrics": ["helpful", "errors"],
    } | fields
    experiment = Experiment.objects.create(prompt=prompt, **values)
    for position, name in enumerate(("as it is", "shorter")):
        Arm.objects.create(
            experiment=experiment, position=position, name=name, version=version(prompt, position + 1)
        )
    return experiment


def called(
    prompt: Prompt,
    *,
    number: int,
    rollout: Rollout | None = None,
    arm: Arm | None = None,
    helpful: bool | None = None,
    contract: str = "",
    checked: str = "",
    at: datetime | None = None,
    **fields: Any,
) -> AuditRecord:
    """A call of a version, as the gateway puts it on record."""
    run: dict[str, Any] = {}
    if rollout is not None:
        run["rollout"] = rollout.pk
    if arm is not None:
        run |= {"experiment": arm.experiment_id, "arm": arm.pk}
    if contract:
        run["contract"] = {"outcome": contract, "rounds": 1}
    if checked:
        run["checked"] = checked
    call = make_call(
        prompt.team, None, prompt_id=prompt.pk, prompt_name=prompt.name, prompt_version=number,
        prompt_label="production", prompt_run=run, started_at=at or utc_now(), **fields,
    )  # fmt: skip
    if helpful is not None:
        Feedback.objects.create(call_id=call.pk, team=prompt.team, helpful=helpful)
    return call
