from collections.abc import Iterable

from django.apps import AppConfig

from accounts.services.known_models import register
from governance.services import key_wrappers
from prompts.policy.knowledge import BaseEntry, Candidate, GroundedAnswer
from prompts.services import retrievers


def _route_names() -> Iterable[str]:
    from gateway.models import Route

    return Route.objects.filter(is_enabled=True).values_list("name", flat=True)


def _kms() -> key_wrappers.KeyWrapper:
    from gateway.bedrock.kms import kms  # boto3 takes a while: only where it is needed

    return kms


def _retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    from gateway.services.knowledge import retrieve  # so does botocore

    return retrieve(base, question)


def _answer(base: BaseEntry, question: str, route: str) -> GroundedAnswer:
    from gateway.services.knowledge import answer

    return answer(base, question, route)


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        register(_route_names)
        key_wrappers.register("kms", _kms)
        retrievers.register("bedrock", retrievers.Elsewhere(_retrieve, _answer))
