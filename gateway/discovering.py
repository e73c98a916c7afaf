"""One look at a region of AWS: what it lists is noted, the catalogue brought up to it, and what is new told."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from gateway.catalogue.models import Deployment
from gateway.catalogue.services.offers import Synced, sync_region, withdraw_dates
from gateway.catalogue.services.quotas import sync_quotas
from gateway.discovery.policy import Listed
from gateway.discovery.selectors.lifecycles import Lifecycle, lifecycles
from gateway.discovery.services.discover import Noted, known_account, note_region
from gateway.discovery.services.news import tell_found
from gateway.providers.bedrock.discovery import account_of, read_region
from gateway.providers.bedrock.offers import ControlPlaneError, Offered
from gateway.providers.bedrock.quotas import list_quotas

SECONDS = 60.0
"""After so many no further page of a region is asked for: other tasks wait behind it."""
_NOWHERE = "none"
_MAX_TOLD = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRead:
    """What came of it. `synced` is None where the lists that the catalogue goes by could not be read."""

    region: str
    noted: Noted
    offers: list[Offered]
    synced: Synced | None
    quotas: int
    quotas_changed: int
    is_out: bool
    """Whether no list could be read."""


def regions() -> list[str]:
    """Those that the settings name, or, where they name none, those with deployments."""
    named = [each for each in settings.DISCOVERY_REGIONS if each]
    if named:
        return [] if named == [_NOWHERE] else named
    rows = Deployment.objects.filter(provider_account=None).order_by("region")
    return list(rows.values_list("region", flat=True).distinct())


def read(region: str, *, now: datetime, adds: bool = False, disable_gone: bool = False) -> RegionRead:
    """Looks at a region. With `adds`, what is new becomes models and deployments of the catalogue, without prices."""
    endpoint_url = settings.BEDROCK_ENDPOINT_URL
    lists, offers = read_region(region=region, endpoint_url=endpoint_url, seconds=SECONDS)
    account = account_of(endpoint_url) or known_account()
    is_out = all(each.problem for each in lists)
    quotas: dict[str, float] = {}
    if not is_out:
        quotas, listed = _quotas(region, endpoint_url)
        lists = [*lists, listed]
    # In one: what is noted is not new any more, and a worker that dies in between must not lose the news.
    with transaction.atomic():
        noted = note_region(account=account, region=region, lists=lists, now=now)
        tell_found(noted, now=now)
    ends = lifecycles(account=account, regions={*regions(), region})
    synced = None
    if offers:
        for offer in offers:
            _soonest(offer, ends.get(offer.model_id))
        synced = sync_region(region=region, offers=offers, disable_gone=disable_gone, adds=adds)
    withdraw_dates(noted.withdrawn, still={name: each.dates for name, each in ends.items()})
    changed = sync_quotas(region=region, quotas=quotas)
    return RegionRead(
        region=region, noted=noted, offers=offers, synced=synced, quotas=len(quotas), quotas_changed=changed, is_out=is_out
    )  # fmt: skip


def _quotas(region: str, endpoint_url: str) -> tuple[dict[str, float], Listed]:
    """The quotas of a region, and how the reading of their list went."""
    operation = "ListServiceQuotas"
    try:
        return list_quotas(region=region, endpoint_url=endpoint_url), Listed(operation=operation, kinds=())
    except ControlPlaneError as error:
        return {}, Listed(operation=operation, kinds=(), problem=str(error)[:_MAX_TOLD])


def _soonest(offer: Offered, life: Lifecycle | None) -> None:
    """A model ends when the first of the regions ends it, whichever of them was read last."""
    if life is not None:
        offer.legacy_from, offer.extended_from, offer.end_of_life = (
            life.legacy_from,
            life.extended_from,
            life.ends_on,
        )
