"""Prompts, their versions and labels, what reviewers say of them, and the knowledge they draw on."""

from prompts.models.knowledge import (
    Chunk,
    DocumentState,
    DocumentVersion,
    KnowledgeBase,
    KnowledgeDocument,
    Language,
    VersionContent,
)
from prompts.models.label import Label, LabelMove
from prompts.models.prompt import NAME, Prompt, PromptVersion, VersionState
from prompts.models.review import Part, Review, ReviewComment, ReviewRule, Verdict

__all__ = [
    "NAME",
    "Chunk",
    "DocumentState",
    "DocumentVersion",
    "KnowledgeBase",
    "KnowledgeDocument",
    "Label",
    "LabelMove",
    "Language",
    "Part",
    "Prompt",
    "PromptVersion",
    "Review",
    "ReviewComment",
    "ReviewRule",
    "Verdict",
    "VersionContent",
    "VersionState",
]
