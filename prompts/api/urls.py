"""Resources of prompts."""

from rest_framework.routers import SimpleRouter

from prompts.api.evaluations import EvaluationViewSet, ResultViewSet
from prompts.api.service_contracts import ContractBreachViewSet, ServiceContractViewSet
from prompts.api.test_sets import TestCaseViewSet, TestSetViewSet

router = SimpleRouter()
router.register("test-sets", TestSetViewSet)
router.register("test-cases", TestCaseViewSet)
router.register("evaluations", EvaluationViewSet)
router.register("evaluation-results", ResultViewSet)
router.register("service-contracts", ServiceContractViewSet)
router.register("contract-breaches", ContractBreachViewSet)

urlpatterns = router.urls
