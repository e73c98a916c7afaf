"""What searches and calls have to know of knowledge bases and context sources."""

from prompts.knowledge.models import ContextSource, KnowledgeBase
from prompts.knowledge.policy.context import SourceEntry
from prompts.knowledge.policy.knowledge import BaseEntry


def base_entry(base: KnowledgeBase) -> BaseEntry:
    """A base, as a search has to know it."""
    return BaseEntry(
        base_id=base.pk,
        team_id=base.team_id,
        name=base.name,
        kind=base.kind,
        route=base.route,
        dimensions=base.dimensions,
        bedrock_id=base.bedrock_id,
        region=base.region,
        top_k=base.top_k,
        floor=base.floor,
        max_tokens=base.max_tokens,
    )


def base_entries() -> dict[tuple[int, str], BaseEntry]:
    """All bases, by team and name."""
    return {(base.team_id, base.name): base_entry(base) for base in KnowledgeBase.objects.all()}


_FIELDS = (
    "name", "kind", "text", "view", "key_column", "variable", "url", "most_rows", "timeout_ms", "cache_seconds", "on_failure",
)  # fmt: skip


def source_entry(source: ContextSource) -> SourceEntry:
    """One source; one that is not saved yet has the id 0."""
    return SourceEntry(
        id=source.pk or 0,
        revision=source.updated_at.isoformat() if source.updated_at else "",
        **{name: getattr(source, name) for name in _FIELDS},
    )


def source_entries() -> dict[tuple[int, str], SourceEntry]:
    """All of them, by team and name."""
    return {(source.team_id, source.name): source_entry(source) for source in ContextSource.objects.all()}
