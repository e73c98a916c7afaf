"""Resources of spending and of the record."""

from rest_framework.routers import SimpleRouter

from governance.api.budgets import BudgetViewSet
from governance.api.calls import CallViewSet

router = SimpleRouter()
router.register("budgets", BudgetViewSet)
router.register("calls", CallViewSet)

urlpatterns = router.urls
