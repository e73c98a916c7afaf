"""Periodic work of experiments, rollouts and service contracts."""

from kernel.background import app
from kernel.clock import utc_now
from prompts.rollout.services import experiments, rollouts, service_contracts


@app.task(name="prompts.tasks.watch_rollouts")  # type: ignore[untyped-decorator]
def watch_rollouts() -> int:
    """Advances, pauses, rolls back and completes rollouts by their figures."""
    return rollouts.check_due(now=utc_now())


@app.task(name="prompts.tasks.watch_experiments")  # type: ignore[untyped-decorator]
def watch_experiments() -> int:
    """Tells people of experiments that have a result."""
    return experiments.check_due(now=utc_now())


@app.task(name="prompts.tasks.watch_contracts")  # type: ignore[untyped-decorator]
def watch_contracts() -> int:
    """Looks whether prompts keep what they promise; how many promises are broken."""
    return service_contracts.watch(now=utc_now())
