from prompts.admin.prompts import PromptAdmin
from prompts.admin.review_rules import ReviewRuleAdmin

__all__ = ["PromptAdmin", "ReviewRuleAdmin"]
