"""The state of one call, from admission to its audit record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway.call.checks import Checks
from gateway.call.prompt_run import PromptRequest, PromptRun
from gateway.conversation import Conversation
from gateway.events import Usage
from gateway.refusals import Refusal
from governance.limits.policy.scopes import CallFacts
from governance.privacy.policy.storage import StoragePolicy
from kernel.clock import elapsed_ms, perf_counter, utc_now
from kernel.ids import new_id

if TYPE_CHECKING:
    from gateway.snapshot.state import DeploymentEntry, KeyEntry, RouteEntry
    from governance.limits.policy.rate_limits import Counter
    from governance.limits.services.ledger import Admission
    from governance.limits.services.rate_limiter import Ticket
    from governance.privacy.policy.masking import Mask
    from governance.privacy.policy.ruleset import RuleSet
    from governance.screening.policy.leaks import Prompt


_LARGE_BYTES = 128 * 1024
DEFAULT_STORAGE = StoragePolicy()


@dataclass(slots=True, kw_only=True)
class Call:
    """One request through the gateway. Entrances fill the first group; each stage adds what it found out."""

    wire_format: str
    is_stream: bool
    requested_model: str
    conversation: Conversation
    key_text: str | None
    client_ip: str | None
    body_bytes: int = 0
    feature: str = ""
    end_user: str = ""
    request_id: str = ""
    kind: str = "text"
    """What is asked for, as models are sorted: `text` or `embedding`."""
    dimensions: int | None = None
    prompt_request: PromptRequest | None = None
    is_inner: bool = False
    """Whether it is made on behalf of another call of the same key, which has its turn already."""
    id: UUID = field(default_factory=new_id)
    started_at: datetime = field(default_factory=utc_now)
    started: float = field(default_factory=perf_counter)

    key: KeyEntry | None = None
    prompt_rules: RuleSet | None = None
    """Of privacy, where a prompt adds some to the key's."""
    prompt: PromptRun | None = None
    """The prompt that is run, where one is."""
    fixed_answer: str | None = None
    """An answer that no model is asked for."""
    route: RouteEntry | None = None
    admitted_at: datetime | None = None
    """By Postgres' clock, which all processes share: what prices, periods and grants go by."""
    tier: str = ""
    """The price tier asked for; "" is standard."""
    served_tier: str | None = None
    """The tier that the provider says it used; None where it does not say."""
    deployments: tuple[DeploymentEntry, ...] = ()
    deployment: DeploymentEntry | None = None
    mask: Mask | None = None
    is_hidden: bool = False
    """Whether the conversation is redacted: only then it may be stored or sent."""
    checks: Checks = field(default_factory=Checks)
    system_prompt: Prompt | None = None
    """What must not come back in the answer, where that is watched."""
    findings: dict[str, int] = field(default_factory=dict)
    counted_input_tokens: int = 0
    input_bound: int = 0
    max_tokens: int = 0
    hold_nanos: int = 0
    admission: asyncio.Future[Admission] | None = None
    attempts: int = 0
    upstream_request_id: str = ""
    sent_body: bytes = b""
    prompt_digest: str = ""
    prefix_digest: str = ""
    prefix_tokens: int = 0

    stages: list[tuple[str, float, str]] = field(default_factory=list)
    first_token_ms: float | None = None
    usage: Usage = field(default_factory=Usage)
    has_slot: bool = False
    ticket: Ticket | None = None
    token_counters: tuple[Counter, ...] = ()
    rates: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Where the call leaves its rate limits: (metric, period in ms, limit, remaining)."""
    earlier: list[Round] = field(default_factory=list)
    """Rounds before this one, where an answer had to be corrected: their cost is the call's, too."""
    is_estimated: bool = False
    stop_reason: str = ""
    cost_nanos: int = 0
    price_id: int | None = None
    images: int = 0
    refusal: Refusal | None = None
    is_cancelled: bool = False
    answer: list[AnswerBlock] = field(default_factory=list)
    has_usage: bool = False

    storage: StoragePolicy = DEFAULT_STORAGE
    raw_request: bytes = b""
    """The conversation as it came, where policy stores it."""
    body: str = ""
    body_until: datetime | None = None
    content: dict[str, Any] | None = None
    """What is written with the record."""

    def elapsed_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return elapsed_ms(self.started)

    @property
    def is_large(self) -> bool:
        """Whether reading through the prompt takes long enough to keep the event loop from other calls."""
        return self.body_bytes > _LARGE_BYTES

    @property
    def moment(self) -> datetime:
        """When the call was admitted; before that, when it came."""
        return self.admitted_at or self.started_at

    def facts(self) -> CallFacts:
        """What budgets and rate limits look at. The route must be known."""
        assert self.key is not None
        assert self.route is not None
        return CallFacts(
            team_id=self.key.team.id,
            application_id=self.key.application_id,
            api_key_id=self.key.id,
            end_user=self.end_user,
            feature=self.feature,
            model=self.route.name,
        )

    @property
    def rules(self) -> RuleSet:
        """The rules of privacy that hold. The key must be known."""
        assert self.key is not None
        return self.key.rules if self.prompt_rules is None else self.prompt_rules

    @property
    def model_name(self) -> str:
        """The route asked for: by the caller, or by the version of a prompt."""
        return self.requested_model if self.prompt is None else self.prompt.model

    @property
    def was_invoked(self) -> bool:
        """Whether a model has been asked."""
        return self.attempts > 0

    @property
    def status(self) -> str:
        """How the call ended, as its record says."""
        if self.refusal is not None:
            return "failed" if self.refusal.is_upstream or self.was_invoked else "refused"
        return "cancelled" if self.is_cancelled else "succeeded"


@dataclass(frozen=True, slots=True)
class Round:
    """A round with the model that has ended: what it used and cost."""

    usage: Usage
    cost_nanos: int
    is_estimated: bool


@dataclass(slots=True)
class AnswerBlock:
    """One block of the answer as the model wrote it, placeholders in place: text, or a tool's name and arguments."""

    kind: str
    index: int
    parts: list[str] = field(default_factory=list)
    tool_use_id: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        return "".join(self.parts)
