"""The admin pages of the catalogue."""

from gateway.admin.deployments import DeploymentAdmin
from gateway.admin.models import ModelPageAdmin
from gateway.admin.prices import PriceAdmin
from gateway.admin.routes import RouteAdmin

__all__ = ["DeploymentAdmin", "ModelPageAdmin", "PriceAdmin", "RouteAdmin"]
