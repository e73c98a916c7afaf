"""The cache: its entries, purges and pairs, and what it saved."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from gateway.cache.api.entries import CacheEntryViewSet
from gateway.cache.api.pairs import CachePairViewSet
from gateway.cache.api.purges import CachePurgeViewSet
from gateway.cache.api.usage import CacheEvidenceView, CacheUsageView

router = SimpleRouter()
router.register("cache-entries", CacheEntryViewSet)
router.register("cache-purges", CachePurgeViewSet)
router.register("cache-pairs", CachePairViewSet)

urlpatterns = [
    *router.urls,
    path("cache-usage/", CacheUsageView.as_view(), name="cache-usage"),
    path("cache-usage/evidence/", CacheEvidenceView.as_view(), name="cache-evidence"),
]
