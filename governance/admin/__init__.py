"""The admin pages of calls and budgets, and the home page."""

from governance.admin.budgets import BudgetAdmin
from governance.admin.calls import CallAdmin

__all__ = ["BudgetAdmin", "CallAdmin"]
