"""Resources of discovery."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from gateway.discovery.api.discovered import DiscoveredListViewSet, DiscoveredViewSet, MatrixView
from gateway.discovery.api.endings import EndingModelsView, ModelNewsViewSet, SuccessionView

router = SimpleRouter()
router.register("discovered", DiscoveredViewSet)
router.register("discovery-lists", DiscoveredListViewSet)
router.register("model-news", ModelNewsViewSet)

urlpatterns = [
    *router.urls,
    path("model-matrix/", MatrixView.as_view(), name="model-matrix"),
    path("ending-models/", EndingModelsView.as_view(), name="ending-models"),
    path("ending-models/succession/", SuccessionView.as_view(), name="ending-models-succession"),
]
