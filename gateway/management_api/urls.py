"""Resources of the catalogue, and what usage would cost by its prices."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from gateway.management_api.deployments import DeploymentViewSet
from gateway.management_api.models import ModelViewSet
from gateway.management_api.prices import PriceViewSet
from gateway.management_api.projection import ProjectionView
from gateway.management_api.routes import RouteViewSet

router = SimpleRouter()
router.register("models", ModelViewSet)
router.register("deployments", DeploymentViewSet)
router.register("prices", PriceViewSet)
router.register("routes", RouteViewSet)

urlpatterns = [*router.urls, path("usage/projection/", ProjectionView.as_view(), name="usage-projection")]
