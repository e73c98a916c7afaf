"""The admin pages of prompts, of their tests and of what they promise."""

from prompts.admin.evaluations import EvaluationAdmin
from prompts.admin.service_contracts import ServiceContractAdmin
from prompts.admin.test_sets import TestSetAdmin

__all__ = ["EvaluationAdmin", "ServiceContractAdmin", "TestSetAdmin"]
