"""The provider of a deployment is asked for what a call wants."""

from collections.abc import AsyncGenerator

from gateway.call import Call
from gateway.events import Event
from gateway.providers.anthropic.client import MessagesProvider
from gateway.providers.anthropic.vendor import ANTHROPIC
from gateway.providers.direct.client import DirectClient
from gateway.providers.direct.hosts import Hosts
from gateway.providers.direct.vendor import Vendor
from gateway.providers.openai import dialect
from gateway.providers.openai.client import ChatProvider
from gateway.providers.openai.dialect import Dialect
from gateway.providers.openai.vendor import COMPATIBLE, OPENAI
from gateway.providers.perplexity.vendor import DIALECT, PERPLEXITY
from gateway.providers.provider import Asked, Attempt, Provider
from gateway.providers.transport import Transport
from gateway.snapshot.state import DeploymentEntry

VENDORS: dict[str, Vendor] = {
    "openai": OPENAI,
    "anthropic": ANTHROPIC,
    "perplexity": PERPLEXITY,
    "openai-compatible": COMPATIBLE,
}


class Providers:
    """All that a process can ask: Bedrock, and others by the kind of their accounts."""

    def __init__(self, bedrock: Provider, *, transport: Transport, allow_private: bool) -> None:
        self._bedrock = bedrock
        hosts = Hosts(allow_private=allow_private)

        def client(vendor: Vendor) -> DirectClient:
            return DirectClient(vendor, transport=transport, hosts=hosts)

        def chat(vendor: Vendor, spoken: Dialect) -> Provider:
            return ChatProvider(client(vendor), spoken)

        self._direct: dict[str, Provider] = {
            "openai": chat(OPENAI, dialect.OPENAI),
            "anthropic": MessagesProvider(client(ANTHROPIC)),
            "perplexity": chat(PERPLEXITY, DIALECT),
            "openai-compatible": chat(COMPATIBLE, dialect.COMPATIBLE),
        }

    def of(self, deployment: DeploymentEntry) -> Provider:
        """Who answers for a deployment."""
        account = deployment.account
        return self._bedrock if account is None else self._direct[account.provider]


def ask(
    providers: Providers, call: Call, attempt: Attempt, asked: Asked, deployment: DeploymentEntry
) -> AsyncGenerator[Event, None]:
    """The events of the answer. Closing them stops the model. Raises Refusal, the first time before any event."""
    provider = providers.of(deployment)
    if call.request.kind == "text":
        return provider.answer(attempt, asked, is_streamed=call.reply.is_streamed)
    texts = [block.text or "" for message in call.conversation.messages for block in message.content]
    if call.request.kind == "rerank":
        return provider.rerank(attempt, deployment.model_id, texts)
    return provider.embed(
        attempt, deployment.model_id, texts, call.request.dimensions, call.request.embedding
    )
