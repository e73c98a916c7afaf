from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from hashlib import blake2b

import msgspec

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.groups import Sent
from gateway.call.places import member_of
from gateway.conversation import Conversation, encode
from gateway.events import Event, Finished, ToolStart
from gateway.outbound.stop_reasons import is_normal
from gateway.providers.ask import ask
from gateway.providers.bedrock.error_rules import ENDED
from gateway.providers.provider import Asked, Attempt
from gateway.refusals import Refusal
from gateway.routing.attempts import Attempts
from gateway.routing.fitting import fit_for, said
from gateway.routing.worst_case import can_stream, held_tokens, thinking_tokens
from gateway.runtime import Gateway
from gateway.snapshot.retired import advice_on
from gateway.snapshot.state import DeploymentEntry
from governance.usage.policy.invocation_logs import CALL_KEY
from kernel.clock import elapsed_ms, perf_counter, utc_now

_BYTES_PER_TOKEN = 4
_METADATA_LENGTH = 256
"""Characters of a name, or a value, that Converse takes."""


async def invoke(
    call: Call, gateway: Gateway, *, takes_raw: bool, once_more: Callable[[], bool] | None
) -> AsyncGenerator[Event, None]:
    """The model's reply. Tries another deployment, or the same one again, when one fails, but only before the first event.

    An answer of nothing is asked for a second time where `once_more`, which prepares that, says so, and else is an
    error; without `once_more` it is an answer.
    """
    attempts = Attempts(
        call, gateway.fleet, gateway.limiter, random=gateway.random, patience=gateway.queue_seconds
    )
    failed: Refusal | None = None
    number, has_begun = 0, False
    while True:
        deployment = await attempts.next()
        begun = perf_counter()
        try:
            asked = _asked(call, gateway, deployment, failed)
            if asked is None:
                attempts.skip()  # it can't take what another one could
                continue
            attempts.sends(is_streamed=call.reply.is_streamed)
            call.reply.deployment = deployment
            number += 1
            call.reply.attempts += 1
            attempt = Attempt(
                deployment.region,
                deployment.invoke_id,
                attempts.seconds_left,
                takes_raw,
                trace=call.request.trace,
                account=deployment.account,
                call_id="" if deployment.account is None else str(call.id),
            )
            try:
                async with aclosing(ask(gateway.providers, call, attempt, asked, deployment)) as events:
                    async for event in events:
                        if not has_begun:
                            if (
                                once_more is not None
                                and type(event) is Finished
                                and is_normal(event.stop_reason)
                            ):
                                raise _nothing(call, event)
                            has_begun = True
                            attempts.answered(attempt.headroom.rests if attempt.headroom else None)
                            if call.reply.first_token_ms is None:
                                call.reply.first_token_ms = call.elapsed_ms()
                        yield _with_own_name(call, event) if type(event) is ToolStart else event
                return
            finally:
                call.reply.upstream_request_id = attempt.request_id
        except Refusal as refusal:
            failed = refusal
            _note(call, gateway, refusal)
            if refusal.said_nothing and once_more is not None and once_more():
                attempts.again()
                once_more = _never
            elif not has_begun and _refused_feature(call, gateway, deployment, refusal):
                attempts.again()  # asked in another way
            elif has_begun:
                attempts.broke(refusal)
                raise
            else:
                attempts.failed(refusal)
            call.stages.append((f"attempt {number}", elapsed_ms(begun), refusal.code))
        finally:
            attempts.ended()


def _never() -> bool:
    return False


def _nothing(call: Call, finished: Finished) -> Refusal:
    """The error of an answer without a block. What it used is noted, since it is charged."""
    call.reply.end(finished)
    return Refusal(
        "upstream_error",
        f"The model ended its answer without saying anything (stop reason '{finished.stop_reason}'). "
        "What it used is charged. Ask it otherwise: it may have taken the conversation for finished.",
        may_be_billed=True,
        may_retry=False,
        said_nothing=True,
    )


def _note(call: Call, gateway: Gateway, refusal: Refusal) -> None:
    """Tells administrators of what only they can mend, whoever answers in the end."""
    if refusal.for_admins:
        gateway.admin_faults.note(call.deployment, refusal)
    if refusal.for_admins == ENDED:
        advice = advice_on(gateway.snapshot, call.key, call.deployment.model_id, utc_now())
        refusal.message = f"{refusal.message} {advice}".rstrip()


def _asked(call: Call, gateway: Gateway, deployment: DeploymentEntry, failed: Refusal | None) -> Asked | None:
    """What is sent; None where this deployment can't answer what another one could have."""
    if call.request.kind == "text":
        try:
            fit_for(call, deployment, gateway.refused_features, most_tokens=call.bounds.max_tokens)
        except Refusal:
            if failed is None:
                raise
            return None
        call.checks.adjusted = said(call)
    elif call.places is not None:
        call.checks.adjusted = said(call)
    conversation = _bounded(call, deployment)
    body = encode(conversation)
    call.sent = _sent(call, body)
    if deployment.account is not None:
        return Asked(conversation, body)
    return Asked(conversation, _named(call, conversation, body))


def _bounded(call: Call, deployment: DeploymentEntry) -> Conversation:
    """What is sent: the answer bounded by what the prompt leaves of the window, and by what is held where its tokens
    can't be counted as they come.
    """
    conversation = call.sent_conversation
    call.reply.is_streamed = call.request.is_stream and can_stream(deployment, conversation)
    config = conversation.inference_config
    if config is None or config.max_tokens is None:
        return conversation
    most, why = min(config.max_tokens, call.bounds.max_tokens), ""
    if call.hold is not None and call.hold.is_part:
        is_shown = not thinking_tokens(conversation, 1, deployment.capability)
        call.reply.is_streamed = can_stream(deployment, conversation) and (is_shown or call.request.is_stream)
        held = held_tokens(call, deployment)
        if held < most and not (is_shown and call.reply.is_streamed):
            most, why = held, "held"
    if most >= config.max_tokens:
        return conversation
    adjusted = Adjustment(member_of("max_tokens", call.request.wire_format), why or "lowered", str(most))
    call.checks.adjusted = [*said(call), str(adjusted)]
    return msgspec.structs.replace(
        conversation, inference_config=msgspec.structs.replace(config, max_tokens=most)
    )


def _refused_feature(call: Call, gateway: Gateway, deployment: DeploymentEntry, refusal: Refusal) -> bool:
    """Whether Bedrock says that the model does not have something after all; it is remembered of the deployment."""
    if call.fit is None or call.is_own:
        return False
    return gateway.refused_features.note(deployment.id, call.fit, refusal)


def _with_own_name(call: Call, event: ToolStart) -> ToolStart:
    """The start of a tool's use by the name that the caller gave the tool."""
    if call.fit is None or event.name not in call.fit.original_names:
        return event
    return ToolStart(event.index, event.tool_use_id, call.fit.original_names[event.name])


def _named(call: Call, conversation: Conversation, body: bytes) -> bytes:
    """The body with the call's id in its metadata, which Bedrock's invocation log repeats: reconciliation goes by it."""
    given = conversation.request_metadata
    if given is None:
        return b'%b,"requestMetadata":{"%b":"%b"}}' % (body[:-1], CALL_KEY.encode(), str(call.id).encode())
    # The entrance took what leaves room for ours; placeholders may have made a text longer than what Bedrock takes.
    metadata = {name[:_METADATA_LENGTH]: value[:_METADATA_LENGTH] for name, value in given.items()}
    metadata[CALL_KEY] = str(call.id)
    return encode(msgspec.structs.replace(conversation, request_metadata=metadata))


def _sent(call: Call, body: bytes) -> Sent:
    """What is sent, and keyed hashes of it."""
    key, conversation = call.key.team.placeholder_key, call.sent_conversation
    digest = blake2b(body, key=key, digest_size=8).hexdigest()
    if conversation.system is None and conversation.tool_config is None:
        return Sent(body=body, prompt_digest=digest)
    prefix = encode((conversation.tool_config, conversation.system))
    return Sent(
        body=body,
        prompt_digest=digest,
        prefix_digest=blake2b(prefix, key=key, digest_size=8).hexdigest(),
        prefix_tokens=len(prefix) // _BYTES_PER_TOKEN,
    )
