"""The admin pages of the app, each in the folder of its noun; Django looks for them here."""

from prompts.evaluations.admin import playground
from prompts.evaluations.admin.evaluations import EvaluationAdmin
from prompts.evaluations.admin.test_sets import TestSetAdmin
from prompts.knowledge.admin.context_sources import ContextSourceAdmin
from prompts.knowledge.admin.documents import KnowledgeDocumentAdmin
from prompts.knowledge.admin.knowledge import KnowledgeBaseAdmin
from prompts.registry.admin.prompts import PromptAdmin
from prompts.registry.admin.review_rules import ReviewRuleAdmin
from prompts.rollout.admin.experiments import ExperimentAdmin
from prompts.rollout.admin.rollouts import RolloutAdmin
from prompts.rollout.admin.service_contracts import ServiceContractAdmin

__all__ = [
    "ContextSourceAdmin",
    "EvaluationAdmin",
    "ExperimentAdmin",
    "KnowledgeBaseAdmin",
    "KnowledgeDocumentAdmin",
    "PromptAdmin",
    "ReviewRuleAdmin",
    "RolloutAdmin",
    "ServiceContractAdmin",
    "TestSetAdmin",
    "playground",
]
