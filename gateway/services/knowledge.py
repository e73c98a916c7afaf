"""Knowledge bases that need AWS: searched for people who try them out, and read from folders and S3."""

from asgiref.sync import async_to_sync
from django.conf import settings

from gateway.bedrock.client import BedrockClient
from gateway.bedrock.credentials import CredentialSource
from gateway.bedrock.knowledge import SERVICE, KnowledgeBases
from gateway.bedrock.transport import Transport
from gateway.refusals import Refusal
from prompts.policy.knowledge import BaseEntry, Candidate
from prompts.services.retrievers import RetrieverError

_FOUND = 20


def retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    """What a base of Bedrock has to say to a question. RetrieverError with why not."""
    try:
        return async_to_sync(_retrieve)(base, question)
    except Refusal as refusal:
        raise RetrieverError(refusal.message) from refusal


async def _retrieve(base: BaseEntry, question: str) -> list[Candidate]:
    client = BedrockClient(
        transport=Transport(
            max_connections=2, connect_timeout_seconds=settings.GATEWAY_CONNECT_TIMEOUT_SECONDS
        ),
        credentials=CredentialSource(),
        endpoint_url=settings.BEDROCK_ENDPOINT_URL,
        service=SERVICE,
    )
    try:
        return await KnowledgeBases(client).retrieve(
            question, base_id=base.base_id, bedrock_id=base.bedrock_id, region=base.region, number=_FOUND
        )
    finally:
        await client.close()
