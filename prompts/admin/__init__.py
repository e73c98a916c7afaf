"""The admin pages of prompts."""

from prompts.admin.evaluations import EvaluationAdmin
from prompts.admin.experiments import ExperimentAdmin
from prompts.admin.knowledge import KnowledgeBaseAdmin
from prompts.admin.knowledge_documents import KnowledgeDocumentAdmin
from prompts.admin.prompts import PromptAdmin
from prompts.admin.review_rules import ReviewRuleAdmin
from prompts.admin.rollouts import RolloutAdmin
from prompts.admin.service_contracts import ServiceContractAdmin
from prompts.admin.test_sets import TestSetAdmin

__all__ = [
    "EvaluationAdmin",
    "ExperimentAdmin",
    "KnowledgeBaseAdmin",
    "KnowledgeDocumentAdmin",
    "PromptAdmin",
    "ReviewRuleAdmin",
    "RolloutAdmin",
    "ServiceContractAdmin",
    "TestSetAdmin",
]
