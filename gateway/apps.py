from collections.abc import Iterable

from django.apps import AppConfig

from accounts.services.known_models import register


def _route_names() -> Iterable[str]:
    from gateway.models import Route

    return Route.objects.filter(is_enabled=True).values_list("name", flat=True)


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        register(_route_names)
