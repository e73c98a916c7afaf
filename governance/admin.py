"""The admin pages of the app, each in the folder of its noun; Django looks for them here."""

from governance.alerts.admin import AlertChannelAdmin, DeliveryAdmin
from governance.limits.admin.budgets import BudgetAdmin
from governance.limits.admin.limit_requests import LimitRequestAdmin
from governance.limits.admin.rate_limits import RateLimitAdmin
from governance.privacy.admin import PrivacyPolicyAdmin
from governance.records.admin import KnownPersonAdmin, RawAccessAdmin, TeamKeyAdmin, UnknownCallerAdmin
from governance.reviews.admin.calls import CallAdmin
from governance.reviews.admin.feedback import FeedbackAdmin
from governance.usage.admin.prompt_caches import PromptCacheAdmin
from governance.usage.admin.reconciliation import ReconciliationAdmin
from governance.usage.admin.usage import UsageAdmin

__all__ = [
    "AlertChannelAdmin",
    "BudgetAdmin",
    "CallAdmin",
    "DeliveryAdmin",
    "FeedbackAdmin",
    "KnownPersonAdmin",
    "LimitRequestAdmin",
    "PrivacyPolicyAdmin",
    "PromptCacheAdmin",
    "RateLimitAdmin",
    "RawAccessAdmin",
    "ReconciliationAdmin",
    "TeamKeyAdmin",
    "UnknownCallerAdmin",
    "UsageAdmin",
]
