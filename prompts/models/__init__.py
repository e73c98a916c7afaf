"""Prompts, their versions and labels, what reviewers say of them, how they are tested, and what they promise."""

from prompts.models.evaluation import (
    Evaluation,
    EvaluationCall,
    EvaluationResult,
    EvaluationState,
    StopReason,
)
from prompts.models.label import Label, LabelMove
from prompts.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.models.review import Part, Review, ReviewComment, ReviewRule, Verdict
from prompts.models.service_contract import ContractBreach, ServiceContract
from prompts.models.test_set import TestCase, TestSet

__all__ = [
    "NAME",
    "ContractBreach",
    "Evaluation",
    "EvaluationCall",
    "EvaluationResult",
    "EvaluationState",
    "Label",
    "LabelMove",
    "Part",
    "Prompt",
    "PromptVersion",
    "Review",
    "ReviewComment",
    "ReviewRule",
    "ServiceContract",
    "StopReason",
    "TestCase",
    "TestSet",
    "Verdict",
    "VersionState",
]
