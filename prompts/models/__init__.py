"""Prompts, their versions and labels, and what reviewers say of them."""

from prompts.models.label import Label, LabelMove
from prompts.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.models.review import Part, Review, ReviewComment, ReviewRule, Verdict

__all__ = [
    "NAME",
    "Label",
    "LabelMove",
    "Part",
    "Prompt",
    "PromptVersion",
    "Review",
    "ReviewComment",
    "ReviewRule",
    "Verdict",
    "VersionState",
]
