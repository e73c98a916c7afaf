"""PURE: what every provider of models does alike: it takes a conversation in Converse's shape, and answers with events."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from gateway.call.embedding import EmbeddingOptions
from gateway.call.trace import Trace
from gateway.conversation import Conversation
from gateway.events import Event
from gateway.snapshot.accounts import AccountEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What a provider says is left of its quotas, per minute; None where it says nothing. `tokens` are of both kinds."""

    requests: int | None = None
    tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    resets_seconds: float | None = None
    """When the first of them is whole again."""

    @property
    def rests(self) -> float | None:
        """For how many seconds nothing is left; None where something is."""
        if 0 not in (self.requests, self.tokens, self.input_tokens, self.output_tokens):
            return None
        return self.resets_seconds or 0.0


@dataclass(slots=True)
class Attempt:
    """One try at one deployment, and what its provider calls it."""

    region: str
    invoke_id: str
    timeout_seconds: float
    takes_raw: bool = True
    """Whether blocks of unknown kinds are wanted as they come, rather than as their text."""
    request_id: str = ""
    trace: Trace | None = None
    """Sent on to AWS in `traceparent` and `tracestate`, outside of the signature, which passes over headers that it does not
    know; and to nobody else."""
    account: AccountEntry | None = None
    """Whose key is used; None: the deployment is Bedrock's."""
    call_id: str = ""
    headroom: Headroom | None = None
    """What its provider said of its quotas, once it has answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked, fitted to it: as a conversation, and as the body that Converse takes."""

    conversation: Conversation
    body: bytes


class Provider(Protocol):
    """One kind of address where models are. Each method raises Refusal for every fault of the other side, and for what it can't
    do; closing what it gives stops the model.
    """

    def answer(self, attempt: Attempt, asked: Asked, *, is_streamed: bool) -> AsyncGenerator[Event, None]: ...

    def embed(
        self,
        attempt: Attempt,
        model_id: str,
        texts: list[str],
        dimensions: int | None,
        options: EmbeddingOptions | None = None,
    ) -> AsyncGenerator[Event, None]: ...

    def rerank(self, attempt: Attempt, model_id: str, texts: list[str]) -> AsyncGenerator[Event, None]: ...
