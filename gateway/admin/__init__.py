"""The admin pages of the catalogue. They also tell the pages of API keys which names there are to allow."""

from collections.abc import Iterable

from accounts.admin.api_key_form import ApiKeyForm
from gateway.admin.deployments import DeploymentAdmin
from gateway.admin.models import ModelPageAdmin
from gateway.admin.prices import PriceAdmin
from gateway.admin.routes import RouteAdmin
from gateway.models import Route

__all__ = ["DeploymentAdmin", "ModelPageAdmin", "PriceAdmin", "RouteAdmin"]


def _route_names() -> Iterable[str]:
    return Route.objects.filter(is_enabled=True).values_list("name", flat=True)


ApiKeyForm.known_models = staticmethod(_route_names)
