"""Prompts, their versions and labels, reviews, tests and what is promised, experiments and rollouts, knowledge."""

from prompts.models.evaluation import (
    Evaluation,
    EvaluationCall,
    EvaluationResult,
    EvaluationState,
    StopReason,
)
from prompts.models.experiment import Arm, Experiment
from prompts.models.knowledge import (
    Chunk,
    DocumentState,
    DocumentVersion,
    KnowledgeBase,
    KnowledgeDocument,
    Language,
    VersionContent,
)
from prompts.models.label import Label, LabelMove
from prompts.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.models.review import Part, Review, ReviewComment, ReviewRule, Verdict
from prompts.models.rollout import Rollout, RolloutEvent
from prompts.models.service_contract import ContractBreach, ServiceContract
from prompts.models.test_set import TestCase, TestSet

__all__ = [
    "NAME",
    "Arm",
    "Chunk",
    "ContractBreach",
    "DocumentState",
    "DocumentVersion",
    "Evaluation",
    "EvaluationCall",
    "EvaluationResult",
    "EvaluationState",
    "Experiment",
    "KnowledgeBase",
    "KnowledgeDocument",
    "Label",
    "LabelMove",
    "Language",
    "Part",
    "Prompt",
    "PromptVersion",
    "Review",
    "ReviewComment",
    "ReviewRule",
    "Rollout",
    "RolloutEvent",
    "ServiceContract",
    "StopReason",
    "TestCase",
    "TestSet",
    "Verdict",
    "VersionContent",
    "VersionState",
]
