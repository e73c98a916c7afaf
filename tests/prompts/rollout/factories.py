"""Rollouts, experiments, service contracts, and calls that fall under them."""

from datetime import datetime
from typing import Any

from accounts.models import Team
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from prompts.registry.models import Prompt
from prompts.rollout.models import Arm, ContractBreach, Experiment, Rollout, ServiceContract
from tests.governance.records.factories import make_call
from tests.governance.reviews.factories import make_feedback
from tests.prompts.registry.factories import make_prompt, version

PLAN = [
    {"share": 0.1, "minutes": 0, "calls": 20},
    {"share": 0.5, "minutes": 0, "calls": 20},
    {"share": 1, "minutes": 0, "calls": 20},
]


def make_prompt_in_use(team: Team | None, name: str = "support-reply", *, text: str = "Hello") -> Prompt:
    """A prompt with three versions, `production` on the first: what a rollout or an experiment needs."""
    return make_prompt(team, name, versions=3, text=text, label="production")


def make_rollout(prompt: Prompt, **fields: Any) -> Rollout:
    """A draft: version 2 to production, in three short steps."""
    values = {"version": version(prompt, 2), "label": "production", "plan": PLAN, "guardrails": {}} | fields
    return Rollout.objects.create(prompt=prompt, **values)


def make_experiment(
    prompt: Prompt, *, arms: tuple[str, ...] = ("as it is", "shorter"), **fields: Any
) -> Experiment:
    """A draft: version 2 against version 1."""
    values = {
        "name": "Shorter",
        "label": "production",
        "minimum": 50,
        "metrics": ["helpful", "errors"],
    } | fields
    experiment = Experiment.objects.create(prompt=prompt, **values)
    for position, name in enumerate(arms):
        Arm.objects.create(
            experiment=experiment, position=position, name=name, version=version(prompt, position + 1)
        )
    return experiment


def make_contract(prompt: Prompt, *, p95_ms: int | None = 1000, **fields: Any) -> ServiceContract:
    """A promise of quick answers."""
    return ServiceContract.objects.create(prompt=prompt, p95_ms=p95_ms, **fields)


def make_breach(contract: ServiceContract, **fields: Any) -> ContractBreach:
    """Answers that were slower than promised, and still are."""
    values = {
        "term": "latency", "promised": "at most 1,000 ms", "measured": "1,500 ms", "calls": 40, "started_at": utc_now(), **fields,
    }  # fmt: skip
    return ContractBreach.objects.create(contract=contract, **values)


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
        make_feedback(prompt.team, call.pk, helpful=helpful)
    return call
