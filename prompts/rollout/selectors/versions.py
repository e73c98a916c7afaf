"""Which versions experiments and rollouts give to callers."""

from django.db.models import Q

from prompts.registry.models import PromptVersion
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.policy.experiments import State as ExperimentState
from prompts.rollout.policy.rollouts import LIVE


def is_given_out(version: PromptVersion) -> bool:
    """Whether a running experiment, or a rollout under way, gives the version to callers."""
    running = Experiment.objects.filter(arms__version=version, state=ExperimentState.RUNNING.value)
    live = Rollout.objects.filter(
        Q(version=version) | Q(stable_version=version), state__in=[state.value for state in LIVE]
    )
    return running.exists() or live.exists()
