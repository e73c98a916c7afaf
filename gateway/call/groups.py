"""PURE: what a call knows, in groups. Each is set by one stage, or by the entrance; stages after it may rely on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.call.embedding import EmbeddingOptions
from gateway.call.prompt_run import PromptRequest
from gateway.events import Finished, Usage

if TYPE_CHECKING:
    from gateway.call.cache import CacheWishes
    from gateway.call.decision import Ranking
    from gateway.call.trace import Trace
    from gateway.catalogue.wishes import Wishes
    from gateway.snapshot.state import DeploymentEntry, KeyEntry, RouteEntry
    from governance.limits.policy.rate_limits import Counter
    from governance.limits.services.ledger import Admission
    from governance.limits.services.rate_limiter import Ticket
    from governance.privacy.policy.masking import Mask
    from governance.privacy.policy.storage import StoragePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller asks for, and who says to be calling. Set by the entrance."""

    wire_format: str
    is_stream: bool
    model: str
    """As the caller names it: a route, an alias, or `prompt/<name>`."""
    key_text: str | None
    client_ip: str | None
    feature: str = ""
    end_user: str = ""
    session: str = ""
    said_by: Mapping[str, str] = field(default_factory=dict)
    """What clients tell of end user and session in ways of their own (gateway/call/identity.py)."""
    request_id: str = ""
    shown_key: KeyEntry | None = None
    """The key that was shown with the headers, looked at then."""
    has_own_id: bool = False
    """Whether the caller chose that ID."""
    trace: Trace | None = None
    """What of a distributed trace it is a part of, where the caller says so."""
    kind: str = "text"
    """What is asked for, as models are sorted: `text` or `embedding`."""
    dimensions: int | None = None
    embedding: EmbeddingOptions | None = None
    """Of an embedding, where its format can say more."""
    prompt: PromptRequest | None = None
    wishes: Wishes | None = None
    """What the caller wishes of the choice of a deployment."""
    cache: CacheWishes | None = None
    """What the caller says of answers that there are."""
    cache_key: str = ""
    """The slot that the caller names for its answer."""
    is_inner: bool = False
    """Whether it is made on behalf of another call of the same key, which has its turn already."""
    pins: tuple[tuple[str, ...], ...] = ()
    """Regions that the call which it is made for was pinned to by its route, its prompt and its caller; it stays within each."""
    stays_in_aws: bool = False
    """Whether the caller of that one wished so."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Of a deployment that is not of the call's own route: its place in the chain of fall-backs, from 1, and whose it is."""

    place: int
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where the call may go: the route and its priced deployments, in the order they are tried. By `resolve route`."""

    route: RouteEntry
    deployments: tuple[DeploymentEntry, ...]
    stand_ins: Mapping[int, StandIn] = field(default_factory=dict)
    """Those of the routes that it falls back to, by deployment."""
    ranking: Ranking | None = None
    """Of the route's own, where a score decided."""

    @property
    def own(self) -> tuple[DeploymentEntry, ...]:
        """Those of the route itself; where none of them is left, all."""
        if not self.stand_ins:
            return self.deployments
        return tuple(each for each in self.deployments if each.id not in self.stand_ins) or self.deployments

    def without_first(self, number: int) -> Routed:
        """The same without so many of those that would be tried first."""
        return replace(self, deployments=self.deployments[number:]) if number else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """The conversation holds placeholders: only then it may be stored or sent. By `redact`."""

    mask: Mask
    storage: StoragePolicy
    findings: dict[str, int]
    """How much was found in the request, by kind."""
    raw_request: bytes
    """The conversation as it came, where policy stores it; else empty."""


@dataclass(slots=True, kw_only=True)
class Bounds:
    """Tokens. By `enforce limits`; rounds that correct an answer count their input anew."""

    counted_input_tokens: int = 0
    input_bound: int = 0
    max_tokens: int = 0
    first_tokens: int = 0
    """Of output: what is expected, and held at least."""


@dataclass(slots=True, kw_only=True)
class Taken:
    """What is to be given back when the call ends. By `queue` and `limit rates`."""

    has_slot: bool = False
    request_digest: bytes = b""
    """By which its session knows the request again. By `break loops`."""
    ticket: Ticket | None = None
    token_counters: tuple[Counter, ...] = ()
    rates: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Where the call leaves its rate limits: (metric, period in ms, limit, remaining)."""
    short: str = ""
    """The key of the counter that had no room for it."""


@dataclass(slots=True)
class Hold:
    """What is held in every budget that applies: the worst case, or a part of it that grows. By `reserve`."""

    nanos: int
    admission: asyncio.Future[Admission]
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What goes to the model, and keyed hashes by which repeats can be told without reading them. By `invoke`."""

    body: bytes = b""
    prompt_digest: str = ""
    prefix_digest: str = ""
    prefix_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """A round with the model that has ended: what it used and cost."""

    usage: Usage
    cost_nanos: int
    is_estimated: bool
    cache_saved_nanos: int = 0


@dataclass(slots=True)
class AnswerBlock:
    """One block of the answer as the model wrote it, placeholders in place: text, or a tool's name and arguments.

    Of a block of a kind that Gatehouse does not know, which is `raw`, the name is that kind, and the text what it can read.
    """

    kind: str
    index: int
    parts: list[str] = field(default_factory=list)
    tool_use_id: str = ""
    name: str = ""
    citations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came from the model so far. By `invoke`."""

    attempts: int = 0
    deployment: DeploymentEntry | None = None
    """Of the last attempt."""
    upstream_request_id: str = ""
    is_streamed: bool = False
    """Whether the model was asked for a stream, as it is for whole answers, too, while their hold is a part."""
    first_token_ms: float | None = None
    answer: list[AnswerBlock] = field(default_factory=list)
    stop_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    has_usage: bool = False
    served_tier: str | None = None
    """The tier that the provider says it used; None where it does not say."""
    earlier: list[Round] = field(default_factory=list)
    """Rounds before this one, where an answer had to be corrected: their cost is the call's, too."""

    def end(self, finished: Finished) -> None:
        """Notes how the answer ended, and what it used."""
        self.stop_reason, self.usage, self.has_usage = (
            finished.stop_reason,
            finished.usage,
            not finished.is_cut,
        )
        self.served_tier = finished.tier

    def block(self, index: int, kind: str) -> AnswerBlock:
        """The block under way, or a new one of this kind."""
        if not self.answer or self.answer[-1].index != index:
            self.answer.append(AnswerBlock(kind, index))
        return self.answer[-1]


@dataclass(slots=True, kw_only=True)
class Charge:
    """What the call cost. By `settle`."""

    cost_nanos: int = 0
    cache_saved_nanos: int = 0
    """What the provider's cache made it cheaper, or, below 0, dearer."""
    price_id: int | None = None
    images: int = 0
    is_estimated: bool = False


@dataclass(slots=True, kw_only=True)
class Stored:
    """What is kept of what was said. By `store bodies`."""

    state: str = ""
    until: datetime | None = None
    content: dict[str, Any] | None = None
    """What is written with the record."""
