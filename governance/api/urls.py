"""Resources of spending and of the record."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from governance.api.budgets import BudgetViewSet
from governance.api.calls import CallViewSet
from governance.api.rate_limits import RateLimitViewSet
from governance.api.usage import UsageView

router = SimpleRouter()
router.register("budgets", BudgetViewSet)
router.register("calls", CallViewSet)
router.register("rate-limits", RateLimitViewSet)

urlpatterns = [*router.urls, path("usage/", UsageView.as_view(), name="usage")]
