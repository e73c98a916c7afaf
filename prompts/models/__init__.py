"""Prompts, their versions and labels, what reviewers say of them, experiments and rollouts."""

from prompts.models.experiment import Arm, Experiment
from prompts.models.label import Label, LabelMove
from prompts.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.models.review import Part, Review, ReviewComment, ReviewRule, Verdict
from prompts.models.rollout import Rollout, RolloutEvent

__all__ = [
    "NAME",
    "Arm",
    "Experiment",
    "Label",
    "LabelMove",
    "Part",
    "Prompt",
    "PromptVersion",
    "Review",
    "ReviewComment",
    "ReviewRule",
    "Rollout",
    "RolloutEvent",
    "Verdict",
    "VersionState",
]
