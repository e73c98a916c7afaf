"""Resources of the organisation."""

from rest_framework.routers import SimpleRouter

from accounts.api.api_keys import ApiKeyViewSet
from accounts.api.applications import ApplicationViewSet
from accounts.api.memberships import MembershipViewSet
from accounts.api.teams import TeamViewSet

router = SimpleRouter()
router.register("teams", TeamViewSet)
router.register("memberships", MembershipViewSet)
router.register("applications", ApplicationViewSet)
router.register("api-keys", ApiKeyViewSet)

urlpatterns = router.urls
