"""What a team has of prompts, for the tests of the admin and of the API."""

from accounts.models import Team
from kernel.clock import utc_now
from prompts.evaluations.models import Evaluation, EvaluationResult, TestSet
from prompts.registry.models import Prompt
from prompts.rollout.models import ContractBreach, ServiceContract
from tests.prompts.evaluations.factories import DOLLAR, make_prompt, make_set


def make_prompt_world(team: Team) -> Prompt:
    """A prompt with a test set that was run once, and a service contract that is broken."""
    prompt = make_prompt(team, f"support-{team.name.lower()}")
    test_set = make_set(team, prompt, name=f"Questions of {team.name}")
    evaluation = Evaluation.objects.create(
        test_set=test_set, candidates=[{"version": 1, "model": "", "digest": ""}], budget_nanos=DOLLAR, total=1, done=1,
        weights={"cost": 0.3, "quality": 0.4, "latency": 0.3}, set_revision=test_set.revision, state="stopped",
        reason="cap", passed=0,
    )  # fmt: skip
    EvaluationResult.objects.create(
        evaluation=evaluation, case=test_set.cases.first(), candidate=0, is_done=True, verdict="failed",
        output=f"words of {team.name}", cost_nanos=1000, duration_ms=120,
    )  # fmt: skip
    contract = ServiceContract.objects.create(prompt=prompt, p95_ms=1000)
    ContractBreach.objects.create(
        contract=contract, term="latency", promised="at most 1,000 ms", measured="1,500 ms", calls=40, started_at=utc_now()
    )  # fmt: skip
    return prompt


def set_of(team: Team) -> TestSet:
    """The team's test set."""
    return team.test_sets.get()
