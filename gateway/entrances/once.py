"""Calls with an idempotency key, between the handler and what answers: made once, and told to all who send the key.

Nothing here knows a wire format: what is kept and told again are the messages of an answer as they went out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from django.conf import settings

from gateway.call import Call
from gateway.call.idempotency import (
    AWS_HEADER,
    HEADER,
    Ending,
    IdempotencyKey,
    digests,
    ending_of,
    key_of,
    not_made,
)
from gateway.entrances.body_bounds import LARGE_BODY
from gateway.entrances.formats.incoming import Scope, headers_of
from gateway.entrances.formats.outgoing import call_headers, raw
from gateway.entrances.sending import Message, Receive, Send
from gateway.pipeline import refuse
from gateway.records.idempotency import Holding
from gateway.records.kept_answers import Answer
from gateway.refusals import STATUS, Refusal, unexpected
from gateway.runtime import Gateway
from gateway.served import REPLAYED, serve
from gateway.snapshot.state import KeyEntry
from governance.privacy.policy.ruleset import RuleSet
from governance.records.services.idempotency_store import Claim, IdempotencyUnavailableError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_KEY_SECONDS = 10
"""When to try again where a team's key can't be had: the keyring pauses for so long."""
_OF_ONE_REQUEST = frozenset(
    {"x-request-id", "request-id", "x-amzn-requestid", "traceparent", "tracestate", "content-length"}
)
_OF_ONE_REQUEST_BEGIN = (
    "x-gatehouse-call-id",
    "x-gatehouse-cost-usd",
    "x-ratelimit-",
    "anthropic-ratelimit-",
)
"""Headers that are of a request, not of its answer: who is told an answer again has these of the request's own."""


def wanted_key(headers: dict[bytes, bytes], wire_format: str) -> bytes | None:
    """The idempotency key of a request; None for one without. Refusal invalid_request for one that can't be taken."""
    if HEADER not in headers and AWS_HEADER not in headers:
        return None
    return key_of(headers, wire_format, takes_invocations=settings.GATEWAY_IDEMPOTENT_AWS_RETRIES)


async def known_by(scope: Scope, key: bytes, body: bytes, shown: KeyEntry) -> IdempotencyKey:
    """What the key and its request are known by."""

    def work() -> IdempotencyKey:
        return digests(
            key,
            path=scope["path"].encode(),
            query=scope.get("query_string", b""),
            headers=headers_of(scope),
            body=body,
            secret=shown.team.placeholder_key,
        )

    return work() if len(body) < LARGE_BODY else await asyncio.to_thread(work)


class Once:
    """One request with a key.

    `call` is the request's own, which is on record by itself where it makes no call. `make` makes the call, sends its answer,
    and gives it; `tell` words a refusal for this caller.
    """

    def __init__(
        self,
        gateway: Gateway,
        call: Call,
        *,
        make: Callable[[Send], Awaitable[Call]],
        tell: Callable[[Refusal], Awaitable[None]],
    ) -> None:
        self._gateway, self._call = gateway, call
        self._make, self._tell = make, tell

    async def answer(self, known: IdempotencyKey, receive: Receive, send: Send) -> None:
        """Answers, by making the call or by what it was answered. Ends when its client leaves; the call goes on then."""
        shown = self._call.request.shown_key
        assert shown is not None  # it was let in by it
        claim = Claim(
            application_id=shown.application_id,
            team_id=shown.team.id,
            key_digest=known.key_digest,
            request_digest=known.request_digest,
            call_id=self._call.id,
        )
        leaving = asyncio.create_task(_left(receive))
        try:
            found = await _unless(leaving, self._entered(claim, shown.rules))
            if found is None:
                await self._leave()
            elif isinstance(found, Holding) and leaving.done():
                await self._gateway.idempotency.free(found, not_made())
                await self._leave()
            elif isinstance(found, Holding):
                tape = self._begun(found)
                await _unless(leaving, tape.play(send))
                if not (tape.messages or leaving.done()):
                    raise unexpected()
            else:
                await self._told_again(found, send)
        except Refusal as refusal:
            if not self._call.stages:  # else it is on record already
                await refuse(self._call, refusal, self._gateway)
            await self._tell(self._call.refusal or refusal)
        finally:
            leaving.cancel()

    async def _entered(self, claim: Claim, rules: RuleSet) -> Holding | Answer:
        # Made all the same, it could be charged twice: no call is made.
        try:
            if self._may_store(rules) and await self._gateway.keyring.get(claim.team_id) is None:
                raise Refusal(
                    "not_auditable",
                    "The answer to a call with an Idempotency-Key is stored under your team's key, which can't be had at the "
                    "moment, so Gatehouse does not make the call. Please try again.",
                    retry_after=_KEY_SECONDS,
                )
            return await self._gateway.idempotency.enter(claim)
        except IdempotencyUnavailableError as error:
            raise Refusal(
                "not_auditable",
                "Gatehouse can't look at the moment whether this Idempotency-Key was used before, so it does not make the call. "
                "Please try again.",
                retry_after=self._gateway.postgres_wait,
            ) from error

    def _may_store(self, rules: RuleSet) -> bool:
        """Whether the installation and policy let what was said be stored."""
        return self._gateway.logs_content and rules.storage.bodies != "none"

    def _begun(self, holding: Holding) -> "_Tape":
        """The call being made, in a task of its own: who leaves may ask again, and gets the answer."""
        tape = _Tape()
        task = asyncio.create_task(self._record(holding, tape))
        self._gateway.running.add(task)
        task.add_done_callback(self._gateway.running.discard)
        return tape

    async def _record(self, holding: Holding, tape: "_Tape") -> None:
        idempotency = self._gateway.idempotency
        try:
            call = await self._make(tape.send)
            answer = tape.answer(call)
            if answer is not None and ending_of(call) is Ending.KEPT:
                await idempotency.keep(holding, answer, is_stored=self._may_store(call.rules))
                return
            await idempotency.free(holding, call.refusal or unexpected())
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                logger.exception("call %s failed", self._call.id)
            await idempotency.free(holding, unexpected())
            if not isinstance(error, Exception):
                raise
        finally:
            tape.end()

    async def _told_again(self, answer: Answer, send: Send) -> None:
        """Tells an answer that there is, on record as a request that cost nothing."""
        call = self._call
        call.checks.replayed = str(answer.call_id)
        is_error_told = False

        async def work() -> None:
            nonlocal is_error_told
            if answer.code:
                is_error_told = True
                code = answer.code if answer.code in STATUS else "upstream_error"
                raise Refusal(code, f"As call {answer.call_id} was told.")

        try:
            await serve(call, self._gateway, work, REPLAYED)
        except Refusal:
            if not is_error_told:
                raise
        own = call_headers(call, with_cost=True)
        headers = own | {name: value for name, value in answer.headers if not _is_of_one_request(name)}
        headers["x-gatehouse-replayed"] = str(answer.call_id)
        headers["content-length"] = str(len(answer.body))
        await send({"type": "http.response.start", "status": answer.status, "headers": raw(headers)})
        await send({"type": "http.response.body", "body": answer.body})

    async def _leave(self) -> None:
        """Its client left while it waited for another's answer: that is on record, too."""

        async def work() -> None:
            raise asyncio.CancelledError

        with suppress(asyncio.CancelledError, Refusal):
            await serve(self._call, self._gateway, work, REPLAYED)


class _Tape:
    """The messages of an answer as they are sent, played to whoever asked. The last waits for the end, when the answer is kept:
    who has all of it can rely on getting it again."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._is_ended = False
        self._changed = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self._changed.set()

    def end(self) -> None:
        self._is_ended = True
        self._changed.set()

    async def play(self, send: Send) -> None:
        at = 0
        while True:
            while at < len(self.messages) and (self._is_ended or not _is_last(self.messages[at])):
                await send(self.messages[at])
                at += 1
            if self._is_ended and at == len(self.messages):
                return
            self._changed.clear()
            await self._changed.wait()

    def answer(self, call: Call) -> Answer | None:
        """All of it; None where it broke off."""
        if not self.messages or not _is_last(self.messages[-1]):
            return None
        head, *parts = self.messages
        return Answer(
            status=head["status"],
            code=call.refusal.code if call.refusal is not None else "",
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in head["headers"]],
            body=b"".join(part["body"] for part in parts),
            call_id=call.id,
        )


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)


def _is_of_one_request(name: str) -> bool:
    return name in _OF_ONE_REQUEST or name.startswith(_OF_ONE_REQUEST_BEGIN)


async def _left(receive: Receive) -> None:
    """Returns when the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unless(leaving: "asyncio.Task[None]", work: Coroutine[Any, Any, Result]) -> Result | None:
    """What comes of some work; None where the client leaves before that, and the work is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
            return None
        return task.result()
    finally:
        task.cancel()
