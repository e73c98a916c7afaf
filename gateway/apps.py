from collections.abc import Iterable

from django.apps import AppConfig

from accounts.services.known_models import register
from governance.services import key_wrappers


def _route_names() -> Iterable[str]:
    from gateway.models import Route

    return Route.objects.filter(is_enabled=True).values_list("name", flat=True)


def _kms() -> key_wrappers.KeyWrapper:
    from gateway.bedrock.kms import kms  # boto3 takes a while: only where it is needed

    return kms


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        register(_route_names)
        key_wrappers.register("kms", _kms)
