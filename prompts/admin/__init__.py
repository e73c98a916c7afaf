"""The admin pages of experiments and rollouts."""

from prompts.admin.experiments import ExperimentAdmin
from prompts.admin.rollouts import RolloutAdmin

__all__ = ["ExperimentAdmin", "RolloutAdmin"]
