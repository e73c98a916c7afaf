"""The admin pages of prompts and knowledge."""

from prompts.admin.knowledge import KnowledgeBaseAdmin
from prompts.admin.knowledge_documents import KnowledgeDocumentAdmin

__all__ = ["KnowledgeBaseAdmin", "KnowledgeDocumentAdmin"]
