"""Builds what the snapshot knows of prompts, with the ORM, in a few queries."""

from collections import defaultdict

from django.db.models import Q

from gateway.snapshot.prompts import PromptEntry, Prompts, VersionEntry
from prompts.registry.models import Label, Prompt, PromptVersion, VersionState
from prompts.registry.selectors.compiled import compiled
from prompts.rollout.policy.assignment import ExperimentEntry, RolloutEntry, versions_of
from prompts.rollout.selectors.traffic import entries


def build_prompts() -> Prompts:
    """Every prompt that is not archived. Versions that callers do not come to by a label are read when they are called."""
    labels: dict[int, dict[str, int]] = defaultdict(dict)
    wanted: set[int] = set()
    for prompt_id, name, version_id, number in Label.objects.values_list(
        "prompt_id", "name", "version_id", "version__number"
    ):
        labels[prompt_id][name] = number
        wanted.add(version_id)
    delivery: dict[int, dict[str, ExperimentEntry | RolloutEntry]] = defaultdict(dict)
    shared_out = Q(pk__in=wanted)
    for (prompt_id, name), entry in entries().items():
        delivery[prompt_id][name] = entry
        shared_out |= Q(prompt_id=prompt_id, number__in=versions_of(entry))
    versions: dict[int, dict[int, VersionEntry]] = defaultdict(dict)
    for version in PromptVersion.objects.filter(shared_out):
        versions[version.prompt_id][version.number] = version_entry(
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
            delivery=delivery[prompt.pk],
        )
        for prompt in Prompt.objects.filter(archived_at=None)
    }


def version_entry(pk: int, number: int, state: str, document: dict[str, object]) -> VersionEntry:
    """A version as a call needs it."""
    ready, problem = compiled(document)
    return VersionEntry(
        id=pk,
        number=number,
        is_approved=state == VersionState.APPROVED,
        compiled=ready,
        problem=problem,
    )
