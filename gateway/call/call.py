"""PURE: the state of one call, from admission to its audit record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway.call.checks import Checks
from gateway.call.decision import Decision
from gateway.call.groups import Bounds, Charge, Hold, Redacted, Reply, Request, Routed, Sent, Stored, Taken
from gateway.call.prompt_run import ContractRun, PromptRun
from gateway.conversation import Conversation
from gateway.refusals import Refusal
from governance.limits.policy.scopes import CallFacts
from kernel.clock import elapsed_ms, perf_counter, utc_now
from kernel.ids import new_id

if TYPE_CHECKING:
    from gateway.call.cache import CacheRun
    from gateway.call.fit import Fit
    from gateway.call.job import JobRun
    from gateway.call.places import Places
    from gateway.call.read_document import ReadDocument
    from gateway.call.response import ResponseRun
    from gateway.snapshot.state import BudgetEntry, DeploymentEntry, KeyEntry
    from governance.privacy.policy.ruleset import RuleSet
    from governance.screening.policy.leaks import SystemPrompt
    from prompts.registry.policy.output_contract import Contract

_LARGE_BYTES = 128 * 1024


class NotReachedError(AttributeError):
    """Something of a call was asked for before the stage that sets it: a fault in the order of stages."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request through the gateway. The entrance makes it; each stage sets its own group.

    A field without a default is there from its stage on. Before that, reading it raises NotReachedError; what has to
    do with calls that got less far asks `is_authenticated`, `has_prompt`, `is_routed` or `is_redacted`.
    """

    request: Request
    conversation: Conversation
    body_bytes: int = 0
    id: UUID = field(default_factory=new_id)
    started_at: datetime = field(default_factory=utc_now)
    started: float = field(default_factory=perf_counter)

    key: KeyEntry = field(init=False)
    """By `authenticate`."""
    prompt: PromptRun = field(init=False)
    """The prompt that is run. By `resolve prompt`; calls of no prompt have none."""
    prompt_rules: RuleSet | None = None
    """Of privacy, where a prompt adds some to the key's."""
    fixed_answer: str | None = None
    """An answer that no model is asked for."""
    admitted_at: datetime | None = None
    """By Postgres' clock, which all processes share: what prices, periods and grants go by. By `resolve route`."""
    tier: str = ""
    """The price tier asked for, then the one that was served; "" is standard."""
    routed: Routed = field(init=False)
    decision: Decision = field(default_factory=Decision)
    redacted: Redacted = field(init=False)
    checks: Checks = field(default_factory=Checks)
    cache: CacheRun | None = None
    """What came of looking for an answer that there is; None where nothing is cached. By `look up slot`."""
    documents: tuple[ReadDocument, ...] = ()
    """Those whose text stands in their place while the call is masked and screened. By `redact`."""
    system_prompt: SystemPrompt | None = None
    """What must not come back in the answer, where that is watched. By `defend`."""
    marks: str | None = None
    """The letters in the marks round what comes from elsewhere; empty where words were only broken. By `defend`."""
    places: Places | None = None
    """Where the parts of the conversation stand in the caller's request. By the entrance."""
    asked_output: dict[str, Any] | None = None
    """The form of the answer that the caller asks for, as it came. By the entrance."""
    response: ResponseRun | None = None
    """What a call of the Responses API goes on from, and is kept for. By the entrance."""
    job: JobRun | None = None
    """The job that it is an attempt at. By the entrance."""
    contract: Contract | None = None
    """What the answer is checked against where the caller gives a schema. By `capabilities`."""
    contract_run: ContractRun = field(default_factory=ContractRun)
    fit: Fit | None = None
    """The conversation as the deployment that is tried takes it. By `capabilities`, anew where another one is tried."""
    rule_uses: list[tuple[int, str, str]] = field(default_factory=list)
    """What was done about breaches of rules: (deployment, rule, action)."""
    bounds: Bounds = field(default_factory=Bounds)
    taken: Taken = field(default_factory=Taken)
    hold: Hold | None = None
    short_budget: BudgetEntry | None = None
    """The budget that has too little left for the call, where one has. By `reserve`."""
    sent: Sent = field(default_factory=Sent)
    reply: Reply = field(default_factory=Reply)
    charge: Charge = field(default_factory=Charge)
    stored: Stored = field(default_factory=Stored)

    stages: list[tuple[str, float, str]] = field(default_factory=list)
    """(stage, milliseconds, outcome), in order."""
    refusal: Refusal | None = None
    is_cancelled: bool = False

    def __getattr__(self, name: str) -> object:
        # Asked for only what is not set: a slot that is costs nothing.
        raise NotReachedError(f"The call has no “{name}” yet.")

    @property
    def is_authenticated(self) -> bool:
        return hasattr(self, "key")

    @property
    def has_prompt(self) -> bool:
        return self.request.prompt is not None and hasattr(self, "prompt")

    @property
    def is_routed(self) -> bool:
        return hasattr(self, "routed")

    @property
    def is_redacted(self) -> bool:
        return hasattr(self, "redacted")

    def forget_key(self) -> None:
        """Makes it nobody's call again."""
        if self.is_authenticated:
            del self.key

    def inner(
        self,
        *,
        model: str,
        conversation: Conversation,
        body_bytes: int = 0,
        kind: str = "text",
        dimensions: int | None = None,
        feature: str | None = None,
    ) -> Call:
        """A call of Gatehouse's own on behalf of this one: the same key, tags and privacy rules, a record of its own. `feature`,
        where it is counted as another. What was said here goes no further than this call might."""
        wishes = self.request.wishes
        request = replace(
            self.request, model=model, is_stream=False, kind=kind, dimensions=dimensions, embedding=None, prompt=None,
            is_inner=True, wishes=None, cache_key="", feature=self.request.feature if feature is None else feature,
            pins=self._pins(), stays_in_aws=self.request.stays_in_aws or (wishes is not None and wishes.compliance),
        )  # fmt: skip
        return Call(
            request=request,
            conversation=conversation,
            body_bytes=body_bytes,
            prompt_rules=self.prompt_rules,
        )

    def _pins(self) -> tuple[tuple[str, ...], ...]:
        """Those of its route, its prompt and its caller; its team's hold for all of its calls anyway."""
        compiled = self.prompt.version.compiled if self.has_prompt and self.prompt.version else None
        found = (
            self.routed.route.regions if self.is_routed else (),
            () if compiled is None else compiled.document.regions,
            (self.request.wishes.region,) if self.request.wishes and self.request.wishes.region else (),
        )
        return (*self.request.pins, *(pins for pins in found if pins))

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
        """What budgets and rate limits look at."""
        return CallFacts(
            team_id=self.key.team.id,
            application_id=self.key.application_id,
            api_key_id=self.key.id,
            end_user=self.request.end_user,
            feature=self.request.feature,
            session=self.request.session,
            model=self.routed.route.name if self.is_routed else "",
        )

    @property
    def rules(self) -> RuleSet:
        """The rules of privacy that hold."""
        return self.key.rules if self.prompt_rules is None else self.prompt_rules

    @property
    def model_name(self) -> str:
        """The route asked for: by the caller, or by the version of a prompt."""
        return self.prompt.model if self.has_prompt else self.request.model

    @property
    def deployment(self) -> DeploymentEntry:
        """The one that is asked, or that will be asked first."""
        return self.reply.deployment or self.routed.deployments[0]

    @property
    def is_own(self) -> bool:
        """Whether it came in at Bedrock's own entrance for a model: then Bedrock's rules are told in Bedrock's words."""
        request = self.request
        return request.wire_format == "converse" and request.prompt is None and not request.is_inner

    @property
    def holds_prompt_to_schema(self) -> bool:
        """Whether the version of a prompt says what its answer looks like."""
        return (
            self.has_prompt
            and self.prompt.version is not None
            and self.prompt.version.compiled is not None
            and self.prompt.version.compiled.contract is not None
        )

    @property
    def sent_conversation(self) -> Conversation:
        """What the model is sent; before it is fitted, what the caller sent."""
        return self.conversation if self.fit is None else self.fit.conversation

    @property
    def has_deployment(self) -> bool:
        return self.is_routed and bool(self.routed.deployments)

    @property
    def is_made(self) -> bool:
        """Whether batch inference has made it already: it is charged, whatever may be called by now."""
        return self.job is not None and self.job.record is not None and self.job.record.is_made

    @property
    def was_invoked(self) -> bool:
        """Whether a model has been asked."""
        return self.reply.attempts > 0

    @property
    def status(self) -> str:
        """How the call ended, as its record says."""
        if self.refusal is not None:
            return "failed" if self.refusal.is_upstream or self.was_invoked else "refused"
        return "cancelled" if self.is_cancelled else "succeeded"
