from prompts.evaluations.models.evaluation import (
    Evaluation,
    EvaluationCall,
    EvaluationResult,
    EvaluationState,
    StopReason,
)
from prompts.evaluations.models.test_set import TestCase, TestSet

__all__ = [
    "Evaluation",
    "EvaluationCall",
    "EvaluationResult",
    "EvaluationState",
    "StopReason",
    "TestCase",
    "TestSet",
]
