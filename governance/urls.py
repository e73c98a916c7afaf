"""Resources of spending and of the record."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from governance.alerts.api import AlertChannelViewSet, AlertViewSet, DeliveryViewSet
from governance.limits.api.budgets import BudgetViewSet
from governance.limits.api.grants import GrantViewSet
from governance.limits.api.limit_requests import LimitRequestViewSet
from governance.limits.api.rate_limits import RateLimitViewSet
from governance.privacy.api.policies import PrivacyPolicyViewSet
from governance.privacy.api.redaction import RedactionPreviewView
from governance.records.api import KnownPersonViewSet, RawAccessViewSet, RawTextViewSet, TeamKeyViewSet
from governance.reviews.api.call_reviews import CallReviewViewSet
from governance.reviews.api.calls import CallViewSet
from governance.reviews.api.feedback import FeedbackViewSet
from governance.screening.api import ScreeningPreviewView
from governance.usage.api.reconciliation import AwsImportViewSet, GapsView, ReconciliationView
from governance.usage.api.usage import TipsView, UsageView

router = SimpleRouter()
router.register("budgets", BudgetViewSet)
router.register("calls", CallViewSet)
router.register("call-reviews", CallReviewViewSet)
router.register("feedback", FeedbackViewSet)
router.register("rate-limits", RateLimitViewSet)
router.register("limit-requests", LimitRequestViewSet)
router.register("grants", GrantViewSet)
router.register("alert-channels", AlertChannelViewSet)
router.register("alerts", AlertViewSet)
router.register("deliveries", DeliveryViewSet)
router.register("privacy-policies", PrivacyPolicyViewSet)
router.register("team-keys", TeamKeyViewSet)
router.register("known-people", KnownPersonViewSet)
router.register("raw-accesses", RawAccessViewSet)
router.register("reconciliation/imports", AwsImportViewSet)

urlpatterns = [
    *router.urls,
    path("redaction/preview", RedactionPreviewView.as_view(), name="redaction-preview"),
    path("screening/preview", ScreeningPreviewView.as_view(), name="screening-preview"),
    path("calls/<str:call_id>/raw/", RawTextViewSet.as_view({"post": "look"}, detail=True), name="calls-raw"),
    path("usage/", UsageView.as_view(), name="usage"),
    path("usage/tips/", TipsView.as_view(), name="usage-tips"),
    path("reconciliation/", ReconciliationView.as_view(), name="reconciliation"),
    path("reconciliation/gaps/", GapsView.as_view(), name="reconciliation-gaps"),
]
