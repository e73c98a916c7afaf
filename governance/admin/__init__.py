"""The admin pages of calls, and of what limits them."""

from governance.admin.alerts import AlertChannelAdmin, DeliveryAdmin
from governance.admin.budgets import BudgetAdmin
from governance.admin.calls import CallAdmin
from governance.admin.feedback import FeedbackAdmin
from governance.admin.limit_requests import LimitRequestAdmin
from governance.admin.privacy import PrivacyPolicyAdmin
from governance.admin.rate_limits import RateLimitAdmin
from governance.admin.raw_accesses import RawAccessAdmin
from governance.admin.reconciliation import ReconciliationAdmin
from governance.admin.team_keys import TeamKeyAdmin
from governance.admin.usage import UsageAdmin

__all__ = [
    "AlertChannelAdmin",
    "BudgetAdmin",
    "CallAdmin",
    "DeliveryAdmin",
    "FeedbackAdmin",
    "LimitRequestAdmin",
    "PrivacyPolicyAdmin",
    "RateLimitAdmin",
    "RawAccessAdmin",
    "ReconciliationAdmin",
    "TeamKeyAdmin",
    "UsageAdmin",
]
