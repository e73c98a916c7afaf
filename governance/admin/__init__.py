"""The admin pages of calls, and of what limits them."""

from governance.admin.budgets import BudgetAdmin
from governance.admin.calls import CallAdmin
from governance.admin.rate_limits import RateLimitAdmin
from governance.admin.usage import UsageAdmin

__all__ = ["BudgetAdmin", "CallAdmin", "RateLimitAdmin", "UsageAdmin"]
