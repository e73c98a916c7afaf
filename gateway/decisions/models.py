from accounts.access.models import OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.models import Route


class RoutingDecision(Route):
    """What the page of decisions is registered for: routes, by what was decided."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Meta:
        proxy = True
        verbose_name = "routing decision"
