"""Resources of prompts."""

from rest_framework.routers import SimpleRouter

from prompts.evaluations.api.evaluations import EvaluationViewSet, ResultViewSet
from prompts.evaluations.api.test_sets import TestCaseViewSet, TestSetViewSet
from prompts.knowledge.api.context_sources import ContextSourceViewSet
from prompts.knowledge.api.documents import KnowledgeDocumentViewSet
from prompts.knowledge.api.knowledge import KnowledgeBaseViewSet
from prompts.registry.api.labels import LabelMoveViewSet, PromptLabelViewSet
from prompts.registry.api.prompts import PromptViewSet
from prompts.registry.api.review_rules import ReviewRuleViewSet
from prompts.registry.api.versions import PromptVersionViewSet
from prompts.rollout.api.experiments import ExperimentViewSet
from prompts.rollout.api.rollouts import RolloutViewSet
from prompts.rollout.api.service_contracts import ContractBreachViewSet, ServiceContractViewSet

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

router.register("context-sources", ContextSourceViewSet)

urlpatterns = router.urls
