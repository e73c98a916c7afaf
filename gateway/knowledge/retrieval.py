"""Knowledge bases of Bedrock, asked for people who try them out."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from asgiref.sync import async_to_sync
from django.conf import settings

from gateway.catalogue.models import RouteTarget
from gateway.providers.bedrock.client import BedrockClient
from gateway.providers.bedrock.credentials import CredentialSource
from gateway.providers.bedrock.knowledge import SERVICE, KnowledgeBases
from gateway.providers.transport import Transport
from gateway.refusals import Refusal
from prompts.knowledge.policy.knowledge import BaseEntry, Candidate, GroundedAnswer
from prompts.knowledge.services.retriever import RetrieverError

_FOUND = 20
_SECONDS_TO_ANSWER = 60.0


def retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    """What a base of Bedrock has to say to a question. RetrieverError with why not."""
    try:
        return async_to_sync(_retrieve)(base, question)
    except Refusal as refusal:
        raise RetrieverError(refusal.message) from refusal


def answer_question(base: BaseEntry, question: str, route: str) -> GroundedAnswer:
    """What Bedrock makes of it with a route's model. RetrieverError with why not."""
    targets = RouteTarget.objects.filter(
        route__name=route,
        deployment__is_enabled=True,
        deployment__region=base.region,
        deployment__provider_account=None,
    )
    target = targets.select_related("deployment__model").order_by("position", "id").first()
    if target is None:
        raise RetrieverError(
            f"{route} has no deployment in {base.region}, where the base is. Choose another model."
        )
    try:
        return async_to_sync(_answer)(base, question, target.deployment.invoke_id)
    except Refusal as refusal:
        raise RetrieverError(refusal.message) from refusal


async def _retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    async with _bases() as bases:
        return await bases.retrieve(
            question, base_id=base.base_id, bedrock_id=base.bedrock_id, region=base.region, number=_FOUND
        )


async def _answer(base: BaseEntry, question: str, model: str) -> GroundedAnswer:
    async with _bases(timeout_seconds=_SECONDS_TO_ANSWER) as bases:
        return await bases.retrieve_and_generate(
            question,
            base_id=base.base_id,
            bedrock_id=base.bedrock_id,
            region=base.region,
            model=model,
            number=base.top_k,
        )


@asynccontextmanager
async def _bases(*, timeout_seconds: float = 15.0) -> AsyncGenerator[KnowledgeBases, None]:
    client = BedrockClient(
        transport=Transport(
            max_connections=2, connect_timeout_seconds=settings.GATEWAY_CONNECT_TIMEOUT_SECONDS
        ),
        credentials=CredentialSource(),
        endpoint_url=settings.BEDROCK_ENDPOINT_URL,
        service=SERVICE,
    )
    try:
        yield KnowledgeBases(client, timeout_seconds=timeout_seconds)
    finally:
        await client.close()
