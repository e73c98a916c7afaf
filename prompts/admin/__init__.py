"""The admin pages of prompts."""

from prompts.admin.experiments import ExperimentAdmin
from prompts.admin.prompts import PromptAdmin
from prompts.admin.review_rules import ReviewRuleAdmin
from prompts.admin.rollouts import RolloutAdmin

__all__ = ["ExperimentAdmin", "PromptAdmin", "ReviewRuleAdmin", "RolloutAdmin"]
