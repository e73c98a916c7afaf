"""Builds what the snapshot knows of prompts, with the ORM, in three queries."""

from collections import defaultdict

from gateway.snapshot.prompts import PromptEntry, Prompts, VersionEntry
from prompts.models import Label, Prompt, PromptVersion, VersionState
from prompts.selectors.compiled import compiled


def build_prompts() -> Prompts:
    """Every prompt that is not archived. Versions that no label leads to are read when they are called."""
    labels: dict[int, dict[str, int]] = defaultdict(dict)
    wanted: set[int] = set()
    for prompt_id, name, version_id, number in Label.objects.values_list(
        "prompt_id", "name", "version_id", "version__number"
    ):
        labels[prompt_id][name] = number
        wanted.add(version_id)
    versions: dict[int, dict[int, VersionEntry]] = defaultdict(dict)
    for version in PromptVersion.objects.filter(pk__in=wanted):
        versions[version.prompt_id][version.number] = entry_of(
            version.pk, version.number, version.state, version.document
        )
    return {
        (prompt.team_id, prompt.name): PromptEntry(
            id=prompt.pk,
            name=prompt.name,
            team_id=prompt.team_id,
            is_enabled=prompt.is_enabled,
            fallback=prompt.fallback,
            labels=labels[prompt.pk],
            versions=versions[prompt.pk],
        )
        for prompt in Prompt.objects.filter(archived_at=None)
    }


def entry_of(pk: int, number: int, state: str, document: dict[str, object]) -> VersionEntry:
    """A version as a call needs it."""
    ready, problem = compiled(document)
    return VersionEntry(
        id=pk,
        number=number,
        is_approved=state == VersionState.APPROVED,
        compiled=ready,
        problem=problem,
    )
