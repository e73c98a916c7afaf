from gateway.catalogue.models.deployment import Deployment
from gateway.catalogue.models.model import Model, ModelKind
from gateway.catalogue.models.price import Price
from gateway.catalogue.models.route import Route, RouteTarget
from gateway.catalogue.models.team_profile import TeamInferenceProfile

__all__ = ["Deployment", "Model", "ModelKind", "Price", "Route", "RouteTarget", "TeamInferenceProfile"]
