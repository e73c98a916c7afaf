"""Resources of the catalogue."""

from rest_framework.routers import SimpleRouter

from gateway.catalogue.api.cache_rules import CacheRuleViewSet
from gateway.catalogue.api.models import DeploymentViewSet, ModelViewSet
from gateway.catalogue.api.prices import PriceViewSet
from gateway.catalogue.api.provider_accounts import ProviderAccountViewSet
from gateway.catalogue.api.routes import RouteViewSet
from gateway.catalogue.api.rules import ModelQualityViewSet, RoutingRuleViewSet

router = SimpleRouter()
router.register("models", ModelViewSet)
router.register("deployments", DeploymentViewSet)
router.register("prices", PriceViewSet)
router.register("routes", RouteViewSet)
router.register("routing-rules", RoutingRuleViewSet)
router.register("cache-rules", CacheRuleViewSet)
router.register("model-qualities", ModelQualityViewSet)
router.register("provider-accounts", ProviderAccountViewSet)

urlpatterns = router.urls
