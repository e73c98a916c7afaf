"""Whether prompts have the means to keep what is promised for when they are unsure."""

from collections import defaultdict

from prompts.registry.models import Label
from prompts.registry.selectors.compiled import compiled
from prompts.rollout.models import ServiceContract
from prompts.rollout.policy.unsure import Promised, shortcoming


def shortcomings(contract: ServiceContract) -> list[str]:
    """A sentence for each version behind a label that can't behave as is promised."""
    if not contract.when_unsure:
        return []
    promised = Promised(contract.when_unsure)
    labels: dict[int, list[str]] = defaultdict(list)
    versions = {}
    for label in Label.objects.filter(prompt=contract.prompt_id).select_related("version").order_by("name"):
        labels[label.version_id].append(label.name)
        versions[label.version_id] = label.version
    found = []
    for pk, version in sorted(versions.items(), key=lambda each: each[1].number):
        ready, _ = compiled(version.document)
        if ready is not None and (why := shortcoming(ready, promised)):
            found.append(f"Version {version.number} ({', '.join(labels[pk])}) {why}.")
    return found
