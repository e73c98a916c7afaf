"""Knowledge bases with documents, and context sources."""

from typing import Any

from accounts.models import Team
from prompts.knowledge.models import Chunk, ContextSource, KnowledgeBase, KnowledgeDocument, VersionContent
from prompts.knowledge.services.knowledge import Incoming, put_document

ROUTE = "titan-embed-text-v2"


def make_base(team: Team, name: str = "handbook", **fields: Any) -> KnowledgeBase:
    """A base without documents."""
    values = {"route": ROUTE, "dimensions": 256, "floor": 0.2, **fields}
    return KnowledgeBase.objects.create(team=team, name=name, **values)


def make_document(base: KnowledgeBase, *, text: str = "Thirty days.") -> KnowledgeDocument:
    """A document that is ready, of one passage with this text. No model was asked for its vector."""
    document, _ = put_document(base, Incoming(name="leave.md", content=b"# Leave\n\nThirty days."))
    version = document.versions.get()
    Chunk.objects.create(
        base=base, document=document, version=version, position=1, headings="Leave", tokens=3, digest="", language="english",
        text=text, vector=[0.5] * base.dimensions,
    )  # fmt: skip
    VersionContent.objects.filter(version=version).update(
        original=None, blocks=[["paragraph", "Thirty days.", 0]]
    )
    KnowledgeDocument.objects.filter(pk=document.pk).update(state="ready", current=version)
    return document


def make_source(team: Team, name: str = "house_rules", *, text: str = "Be kind.", **fields: Any) -> ContextSource:  # fmt: skip
    """A context source that is a text, unless told otherwise."""
    return ContextSource.objects.create(team=team, name=name, text=text, **fields)
