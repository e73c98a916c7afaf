"""Resources of projections and scenarios."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from gateway.costs.api.projection import ProjectionView
from gateway.costs.api.scenarios import CostScenarioViewSet, ScenarioView

router = SimpleRouter()
router.register("cost-scenarios", CostScenarioViewSet)

urlpatterns = [
    *router.urls,
    path("usage/projection/", ProjectionView.as_view(), name="usage-projection"),
    path("usage/scenario/", ScenarioView.as_view(), name="usage-scenario"),
]
