from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

from accounts.services.known_models import register_chat_models, register_meaning, register_models
from gateway.jobs.services.queue import PolledQueue, register_polled_queue
from governance.records.services import key_wrappers
from governance.ui.savings import Saving, register_savings
from kernel.migration_history import guard
from prompts.knowledge.policy.knowledge import BaseEntry, Candidate, GroundedAnswer
from prompts.knowledge.services import retriever as retrievers
from prompts.registry.policy.document import Document
from prompts.registry.services.model_problems import register_model_problems

if TYPE_CHECKING:
    from accounts.models import Team, User
    from governance.usage.models import Tip
    from prompts.registry.models import PromptVersion


def _route_names() -> Iterable[str]:
    from gateway.catalogue.models import Route

    return Route.objects.filter(is_enabled=True).values_list("name", flat=True)


def _chat_route_names() -> Iterable[str]:
    from gateway.catalogue.models import Route

    answering = Route.objects.filter(is_enabled=True, targets__deployment__model__kind="text")
    return answering.order_by("name").distinct().values_list("name", flat=True)


def _meant_by(name: str) -> str | None:
    from gateway.snapshot.build import route_meant_by  # which needs the models

    return route_meant_by(name)


def _kms() -> key_wrappers.KeyWrapper:
    from gateway.providers.bedrock.kms import kms  # boto3 takes a while: only where it is needed

    return kms


def _retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    from gateway.knowledge.retrieval import retrieve  # so does botocore

    return retrieve(base, question)


def _answer(base: BaseEntry, question: str, route: str) -> GroundedAnswer:
    from gateway.knowledge.retrieval import answer_question

    return answer_question(base, question, route)


def _polled_queue() -> PolledQueue:
    from gateway.providers.bedrock.job_queue import queue_of_settings  # and so does it here

    return queue_of_settings()


def _model_problems(document: Document) -> list[str]:
    from gateway.routing.prompt_problems import problems_for_models

    return problems_for_models(document)


def _tips(team: "Team", now: datetime) -> "list[Tip]":
    from gateway.costs.services.tips import find  # which needs the models

    return find(team, now)


def _saved_by_fewer_tokens(version: "PromptVersion", tokens: int, now: datetime) -> int | None:
    from gateway.costs.services.tips.prompts import saved_by_fewer_tokens  # and so does this

    return saved_by_fewer_tokens(version, tokens, now)


def _erased(team: "Team", by: "User", reason: str) -> None:
    from gateway.cache.services.purging import erased  # and so does this

    erased(team, by, reason)


def _saved_by_cache(who: Any, since: datetime, until: datetime, team: int | None) -> list[Saving]:
    from gateway.cache.admin.figures import saved_by_cache  # and so does this

    return saved_by_cache(who, since, until, team)


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        guard(self)
        register_models(_route_names)
        register_chat_models(_chat_route_names)
        register_meaning(_meant_by)
        register_model_problems(_model_problems)
        from governance.records.services.team_keys import register_erasure
        from governance.usage.services.tips import register_finder
        from prompts.registry.services.proposals import register_input_price

        register_finder(_tips)
        register_erasure(_erased)
        register_savings(_saved_by_cache)
        register_input_price(_saved_by_fewer_tokens)
        key_wrappers.register_wrapper("kms", _kms)
        register_polled_queue(_polled_queue)
        retrievers.register_retriever("bedrock", retrievers.Elsewhere(_retrieve, _answer))
