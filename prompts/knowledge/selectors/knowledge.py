"""What a search has to know of a base."""

from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.policy.knowledge import BaseEntry


def entry_of(base: KnowledgeBase) -> BaseEntry:
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
    return {(base.team_id, base.name): entry_of(base) for base in KnowledgeBase.objects.all()}
