"""An answer held to the output contract of its prompt: delivered valid, or refused; never invalid.

The rounds with the model are given as a function, so that this knows nothing of how one is made. Every round's cost is
on the call's one record.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

from gateway.call import Call
from gateway.call.prompt_run import ContractRun
from gateway.events import BlockStop, Event, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart
from gateway.outbound.stop_reasons import failure_of
from gateway.refusals import Refusal
from gateway.wire.fit.output import ANSWER_TOOL, BY_TOOL, BY_WORDS
from prompts.registry.policy.json_prefix import Prefix
from prompts.registry.policy.output_contract import Contract, Reading
from prompts.rollout.policy.unsure import Unsure, says_unsure

Round = Callable[[], AsyncGenerator[Event, None]]
NextRound = Callable[[tuple[str, ...], int], None]
"""Ends a round and prepares the next: what is wrong with the answer, and the number of the round, from 1."""

_CUT = ("max_tokens", "model_context_window_exceeded")
_PASSED_ON = ("tool_use", "guardrail_intervened", "content_filtered", "refusal")
"""Ends of answers that are none yet, or that were ended for another reason than their form."""


def contract_of(call: Call) -> Contract | None:
    """The contract that the call's answer must keep, if there is one: of its prompt, or of the caller's own schema."""
    if call.request.prompt is None:
        return call.contract
    return call.prompt.compiled.contract if call.holds_prompt_to_schema else call.contract


async def keep_contract(
    call: Call, contract: Contract, round_of: Round, next_round: NextRound, blocked: str
) -> AsyncGenerator[Event, None]:
    """The events of a reply that keeps the contract. Refusal contract_failed, or the declared fallback, where none does.

    `blocked` is the stop reason of an answer that a filter ended: that one is handed on as it is.
    """
    run: ContractRun = call.prompt if call.holds_prompt_to_schema else call.contract_run
    sends_prefix = call.request.is_stream and contract.output.streams_prefix
    for number in range(1 + contract.output.corrections):
        run.rounds = number + 1
        answer = _Answer(call, contract)
        try:
            async with aclosing(round_of()) as events:
                async for event in events:
                    answer.take(event)
                    if sends_prefix and number == 0:
                        for delta in answer.sound():
                            yield delta
                    if answer.error and not answer.may_call_tools:
                        break  # it can't become valid any more: the model is stopped
        except Refusal as refusal:
            if answer.sent or not _may_stand_in(call, contract, refusal):
                raise
            call.reply.may_be_billed = refusal.may_be_billed
            run.errors = (f"No model answered ({refusal.code}).",)
            break
        if answer.ended_otherwise(blocked):
            for event in answer.unsent():
                yield event
            return
        reading = answer.reading()
        if reading.is_valid:
            run.outcome, run.data = "valid" if number == 0 else "corrected", reading.value
            if says_unsure(contract.output, reading.value):
                run.unsure = Unsure.SAID
            for event in answer.delivered(reading.text):
                yield event
            return
        run.errors = tuple(
            map(call.redacted.mask.hide_answer, reading.errors)
        )  # names of members may be anybody's
        if answer.sent:
            break  # what has been sent can't be taken back
        if number < contract.output.corrections:
            next_round(reading.errors, number + 1)
    fallback = _fallback_of(call, contract)
    if fallback is None or answer.sent:
        run.outcome = "refused"
        run.unsure = run.unsure and Unsure.REFUSED
        raise _failed(call, run)
    run.outcome, run.is_fallback = "fallback", True
    run.unsure = run.unsure and Unsure.FALLBACK
    for event in (TextDelta(0, fallback), BlockStop(0), Finished("end_turn", call.reply.usage)):
        yield event


def _fallback_of(call: Call, contract: Contract) -> str | None:
    """The answer that the prompt's version, or the prompt, declares for where none keeps the contract."""
    return (
        contract.with_fallback(call.prompt.prompt.fallback).fallback if call.holds_prompt_to_schema else None
    )


def _may_stand_in(call: Call, contract: Contract, refusal: Refusal) -> bool:
    """Whether the declared answer comes in the place of models that don't: the last of the chain. Jobs wait for a model."""
    if not refusal.is_upstream or (call.job is not None and refusal.may_retry):
        return False
    return _fallback_of(call, contract) is not None


def _begun(call: Call) -> str:
    """The beginning of the answer, where the caller's conversation ends with one: the model's answer goes on from there."""
    if call.holds_prompt_to_schema or (call.fit is not None and call.fit.output_mode != BY_WORDS):
        return ""
    if not call.sent_conversation.messages:
        return ""  # of a prompt's slot, where the caller said nothing
    last = call.sent_conversation.messages[-1]
    return "".join(block.text or "" for block in last.content) if last.role == "assistant" else ""


class _Answer:
    """One round's answer, held back until it is known to be valid."""

    def __init__(self, call: Call, contract: Contract) -> None:
        self._call = call
        self._contract = contract
        self._prefix = Prefix(contract.members) if call.request.is_stream else None
        self._parts: list[str] = []
        self._answer_tools: set[int] = set()
        self.events: list[Event] = []
        self.finished: Finished | None = None
        begun = _begun(call)
        self._begun = self.sent = len(begun)
        if begun:
            self._add(begun)

    def take(self, event: Event) -> None:
        match event:
            case ToolStart(index, _, name) if name == ANSWER_TOOL and self._is_by_tool:
                self._answer_tools.add(index)
            case ToolDelta(index, text) if index in self._answer_tools:
                self._add(text)
            case TextDelta(_, text) if not self._answer_tools:
                self._add(text)
                self.events.append(event)
            case Finished():
                self.finished = event
                self.events.append(event)
            case BlockStop(index) if index in self._answer_tools:
                pass
            case _:
                self.events.append(event)

    @property
    def _is_by_tool(self) -> bool:
        """Whether the answer's tool is ours: a caller may have one of this name."""
        return self._call.fit is not None and self._call.fit.output_mode == BY_TOOL

    @property
    def may_call_tools(self) -> bool:
        """Whether the caller has tools of its own: what is no answer may be said before one of them is called. An answer in a
        slot is whole: nothing is to be stopped."""
        fit = self._call.fit
        if fit is None:
            return True
        return fit.conversation.tool_config is not None and not self._is_by_tool

    def _add(self, text: str) -> None:
        self._parts.append(text)
        if self._prefix is not None:
            self._prefix.feed(text)

    @property
    def error(self) -> str:
        """Why it can't become valid any more, where that is known before its end."""
        return self._prefix.error if self._prefix is not None else ""

    def sound(self) -> Iterator[TextDelta]:
        """What is known to be the sound beginning of a valid answer, and was not sent yet."""
        assert self._prefix is not None
        if self._prefix.settled > self.sent and not self.error:
            piece = self._prefix.text[self.sent : self._prefix.settled]
            self.sent = self._prefix.settled
            yield TextDelta(0, piece)

    def ended_otherwise(self, blocked: str) -> bool:
        """Whether it is no answer to be read: the model wants a tool of the application, or a filter ended it."""
        if self.finished is None:
            return False
        reason = self.finished.stop_reason
        return reason == blocked or (reason in _PASSED_ON and not self._answer_tools)

    def unsent(self) -> Iterator[Event]:
        """All events, without the text that was sent already."""
        skipped = self.sent - self._begun
        for event in self.events:
            if isinstance(event, TextDelta) and skipped:
                rest, skipped = event.text[skipped:], max(0, skipped - len(event.text))
                if rest:
                    yield TextDelta(event.index, rest)
            else:
                yield event

    def reading(self) -> Reading:
        text = "".join(self._parts)
        if self.finished is not None and (failure := failure_of(self.finished.stop_reason)) is not None:
            return Reading(errors=(failure.message,))  # however it looks, it is not whole
        if self.error:
            return Reading(errors=(self.error,))
        reading = self._contract.read(
            text, was_cut=self.finished is not None and self.finished.stop_reason in _CUT
        )
        if self.sent > self._begun and reading.is_valid and reading.text != text.strip():
            return Reading(errors=("There is more than one JSON value.",))
        if self._begun and self.sent == self._begun and not reading.is_valid:
            alone = self._contract.read(text[self._begun :])
            if alone.is_valid:  # a model may begin anew
                self._begun = self.sent = 0
                return alone
        return reading

    def delivered(self, text: str) -> Iterator[Event]:
        """The answer's events, its JSON alone as their text."""
        yield from (event for event in self.events if isinstance(event, ReasoningDelta))
        whole = "".join(self._parts)
        if self.sent:
            if rest := whole[self.sent :]:
                yield TextDelta(0, rest)
        else:
            yield TextDelta(0, text)
        yield BlockStop(0)
        assert self.finished is not None
        yield Finished("end_turn", self.finished.usage, self.finished.latency_ms, self.finished.tier)


def _failed(call: Call, run: ContractRun) -> Refusal:
    whose = (
        f"the output contract of the prompt '{call.prompt.prompt.name}'"
        if call.holds_prompt_to_schema
        else "the schema that was asked for"
    )
    rounds = "after being asked again " if run.rounds > 1 else ""
    return Refusal(
        "contract_failed",
        f"The model's answer does not keep {whose} "
        f"{rounds}({run.rounds} {'rounds' if run.rounds > 1 else 'round'}): {' '.join(run.errors)}",
    )
