from prompts.knowledge.models.context_source import ContextSource
from prompts.knowledge.models.knowledge import (
    Chunk,
    DocumentState,
    DocumentVersion,
    KnowledgeBase,
    KnowledgeDocument,
    Language,
    VersionContent,
)

__all__ = [
    "Chunk",
    "ContextSource",
    "DocumentState",
    "DocumentVersion",
    "KnowledgeBase",
    "KnowledgeDocument",
    "Language",
    "VersionContent",
]
