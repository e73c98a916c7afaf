"""Resources of prompts."""

from rest_framework.routers import SimpleRouter

from prompts.api.experiments import ExperimentViewSet
from prompts.api.prompt_labels import LabelMoveViewSet, PromptLabelViewSet
from prompts.api.prompt_versions import PromptVersionViewSet
from prompts.api.prompts import PromptViewSet
from prompts.api.review_rules import ReviewRuleViewSet
from prompts.api.rollouts import RolloutViewSet

router = SimpleRouter()
router.register("prompts", PromptViewSet)
router.register("prompt-versions", PromptVersionViewSet)
router.register("prompt-labels", PromptLabelViewSet)
router.register("label-moves", LabelMoveViewSet)
router.register("review-rules", ReviewRuleViewSet)
router.register("experiments", ExperimentViewSet)
router.register("rollouts", RolloutViewSet)

urlpatterns = router.urls
