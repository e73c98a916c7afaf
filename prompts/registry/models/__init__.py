from prompts.registry.models.label import Label, LabelMove
from prompts.registry.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.registry.models.review import Part, Review, ReviewComment, ReviewRule, Verdict

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
