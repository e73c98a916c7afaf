"""Resources of prompts."""

from rest_framework.routers import SimpleRouter

from prompts.api.experiments import ExperimentViewSet
from prompts.api.rollouts import RolloutViewSet

router = SimpleRouter()
router.register("experiments", ExperimentViewSet)
router.register("rollouts", RolloutViewSet)

urlpatterns = router.urls
