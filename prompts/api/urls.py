"""Resources of prompts."""

from rest_framework.routers import SimpleRouter

from prompts.api.evaluations import EvaluationViewSet, ResultViewSet
from prompts.api.experiments import ExperimentViewSet
from prompts.api.knowledge import KnowledgeBaseViewSet
from prompts.api.knowledge_documents import KnowledgeDocumentViewSet
from prompts.api.prompt_labels import LabelMoveViewSet, PromptLabelViewSet
from prompts.api.prompt_versions import PromptVersionViewSet
from prompts.api.prompts import PromptViewSet
from prompts.api.review_rules import ReviewRuleViewSet
from prompts.api.rollouts import RolloutViewSet
from prompts.api.service_contracts import ContractBreachViewSet, ServiceContractViewSet
from prompts.api.test_sets import TestCaseViewSet, TestSetViewSet

router = SimpleRouter()
router.register("prompts", PromptViewSet)
router.register("prompt-versions", PromptVersionViewSet)
router.register("prompt-labels", PromptLabelViewSet)
router.register("label-moves", LabelMoveViewSet)
router.register("review-rules", ReviewRuleViewSet)
router.register("experiments", ExperimentViewSet)
router.register("rollouts", RolloutViewSet)
router.register("test-sets", TestSetViewSet)
router.register("test-cases", TestCaseViewSet)
router.register("evaluations", EvaluationViewSet)
router.register("evaluation-results", ResultViewSet)
router.register("service-contracts", ServiceContractViewSet)
router.register("contract-breaches", ContractBreachViewSet)
router.register("knowledge-bases", KnowledgeBaseViewSet)
router.register("knowledge-documents", KnowledgeDocumentViewSet)

urlpatterns = router.urls
