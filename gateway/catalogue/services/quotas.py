"""Brings quotas of deployments up to what AWS says. What an admin entered stays."""

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import Q

from gateway.catalogue.models import Deployment
from gateway.catalogue.quota_names import named_quota, plain_name, way_of

SOURCE, BY_HAND = "Service Quotas", "By hand"
QUOTAS = (
    "requests_per_minute",
    "tokens_per_minute",
    "input_tokens_per_minute",
    "output_tokens_per_minute",
)


def note_entered(deployment: Deployment, changed: Collection[str]) -> None:
    """What somebody enters over a quota of AWS's is theirs from then on, and what was emptied stays empty, until they empty
    where it comes from."""
    if "quota_source" not in changed and deployment.quota_source in ("", SOURCE) and {*QUOTAS} & {*changed}:
        deployment.quota_source = BY_HAND


@transaction.atomic
def sync_quotas(*, region: str, quotas: Mapping[str, float]) -> int:
    """Takes over the quotas of a region, by their names at AWS; how many deployments have others now."""
    known: dict[tuple[str, str], dict[str, int]] = {}
    for quota, most in quotas.items():
        if (found := named_quota(quota)) is not None and most >= 1:
            known.setdefault((found.way, found.model), {})[found.column] = int(most)
    changed = 0
    own = Q(quota_source=SOURCE) | Q(quota_source="", requests_per_minute=None, tokens_per_minute=None)
    for deployment in Deployment.objects.filter(own, region=region, arn="").select_related("model"):
        found_here = known.get((way_of(deployment.profile), plain_name(deployment.model.name)))
        if found_here is None:
            continue
        values: dict[str, int | str] = {**found_here, "quota_source": SOURCE}
        if any(getattr(deployment, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(deployment, name, value)
            deployment.save(update_fields=list(values))
            changed += 1
    return changed
