from gateway.models.deployment import Deployment
from gateway.models.model import Model, ModelKind
from gateway.models.price import Price
from gateway.models.route import Route, RouteTarget
from gateway.models.team_profile import TeamInferenceProfile

__all__ = ["Deployment", "Model", "ModelKind", "Price", "Route", "RouteTarget", "TeamInferenceProfile"]
