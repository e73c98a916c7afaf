"""Resources of prompts and knowledge."""

from rest_framework.routers import SimpleRouter

from prompts.api.knowledge import KnowledgeBaseViewSet
from prompts.api.knowledge_documents import KnowledgeDocumentViewSet

router = SimpleRouter()
router.register("knowledge-bases", KnowledgeBaseViewSet)
router.register("knowledge-documents", KnowledgeDocumentViewSet)

urlpatterns = router.urls
