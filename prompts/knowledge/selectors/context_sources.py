"""Context sources as calls need them."""

from prompts.knowledge.models import ContextSource
from prompts.knowledge.policy.context import SourceEntry

_FIELDS = (
    "name", "kind", "text", "view", "key_column", "variable", "url", "most_rows", "timeout_ms", "cache_seconds", "on_failure",
)  # fmt: skip


def entry_of(source: ContextSource) -> SourceEntry:
    """One source; one that is not saved yet has the id 0."""
    return SourceEntry(
        id=source.pk or 0,
        revision=source.updated_at.isoformat() if source.updated_at else "",
        **{name: getattr(source, name) for name in _FIELDS},
    )


def source_entries() -> dict[tuple[int, str], SourceEntry]:
    """All of them, by team and name."""
    return {(source.team_id, source.name): entry_of(source) for source in ContextSource.objects.all()}
