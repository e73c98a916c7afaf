"""Resources of the catalogue."""

from rest_framework.routers import SimpleRouter

from gateway.management_api.deployments import DeploymentViewSet
from gateway.management_api.models import ModelViewSet
from gateway.management_api.prices import PriceViewSet
from gateway.management_api.routes import RouteViewSet

router = SimpleRouter()
router.register("models", ModelViewSet)
router.register("deployments", DeploymentViewSet)
router.register("prices", PriceViewSet)
router.register("routes", RouteViewSet)

urlpatterns = router.urls
