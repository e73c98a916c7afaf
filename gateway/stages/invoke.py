from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import blake2b

import msgspec

from gateway.call import Call
from gateway.call.groups import Sent
from gateway.conversation import encode
from gateway.events import Event, ToolStart
from gateway.providers.bedrock.client import Attempt
from gateway.providers.bedrock.errors import may_fail_over
from gateway.refusals import Refusal
from gateway.routing.fitting import fit_for, said
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from governance.usage.policy.invocation_logs import CALL_KEY
from kernel.clock import elapsed_ms, perf_counter

_BYTES_PER_TOKEN = 4
_METADATA_LENGTH = 256
"""Characters of a name, or a value, that Converse takes."""


async def invoke(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The model's reply. Tries the next deployment when one fails, but only before the first event."""
    waiting = deque(call.routed.deployments)
    failed: Refusal | None = None
    attempts = 0
    while waiting:
        deployment = waiting.popleft()
        begun = perf_counter()
        body = _body(call, gateway, deployment, failed)
        if body is None:
            continue
        call.reply.deployment = deployment
        call.reply.attempts = attempts = attempts + 1
        has_begun = False
        attempt = Attempt(deployment.region, deployment.invoke_id, float(call.routed.route.timeout_seconds))
        try:
            async with aclosing(_events(call, gateway, attempt, body, deployment.model_id)) as events:
                async for event in events:
                    has_begun = True
                    if call.reply.first_token_ms is None:
                        call.reply.first_token_ms = call.elapsed_ms()
                    yield _with_own_name(call, event) if isinstance(event, ToolStart) else event
            return
        except Refusal as refusal:
            failed = refusal
            if not has_begun and _refused_native(call, gateway, deployment, refusal):
                waiting.appendleft(deployment)  # asked once more, in another way
            elif not waiting or has_begun or not may_fail_over(refusal):
                raise
            call.stages.append((f"attempt {attempts}", elapsed_ms(begun), refusal.code))
        finally:
            call.reply.upstream_request_id = attempt.request_id
    assert failed is not None
    raise failed


def _body(call: Call, gateway: Gateway, deployment: DeploymentEntry, failed: Refusal | None) -> bytes | None:
    """What is sent; None where this deployment can't answer what another one could have."""
    if call.request.kind == "text":
        try:
            fit_for(call, deployment, gateway.without_native, most_tokens=call.bounds.max_tokens)
        except Refusal:
            if failed is None:
                raise
            return None
        call.checks.adjusted = said(call)
    body = encode(call.sent_conversation)
    call.sent = _sent(call, body)
    return _named(call, body)


def _refused_native(call: Call, gateway: Gateway, deployment: DeploymentEntry, refusal: Refusal) -> bool:
    """Whether Bedrock says that the model has no structured output after all; it is remembered of the deployment."""
    if call.fit is None or call.fit.output_mode != "native" or call.is_own:
        return False
    return gateway.without_native.note(deployment.id, refusal)


def _with_own_name(call: Call, event: ToolStart) -> ToolStart:
    """The start of a tool's use by the name that the caller gave the tool."""
    if call.fit is None or event.name not in call.fit.original_names:
        return event
    return ToolStart(event.index, event.tool_use_id, call.fit.original_names[event.name])


def _events(
    call: Call, gateway: Gateway, attempt: Attempt, body: bytes, model_id: str
) -> AsyncGenerator[Event, None]:
    if call.request.kind == "embedding":
        texts = [block.text or "" for message in call.conversation.messages for block in message.content]
        return gateway.bedrock.embed(attempt, model_id, texts, call.request.dimensions)
    operation = gateway.bedrock.converse_stream if call.request.is_stream else gateway.bedrock.converse
    return operation(attempt, body)


def _named(call: Call, body: bytes) -> bytes:
    """The body with the call's id in its metadata, which Bedrock's invocation log repeats: reconciliation goes by it."""
    given = call.sent_conversation.request_metadata
    if given is None:
        return b'%b,"requestMetadata":{"%b":"%b"}}' % (body[:-1], CALL_KEY.encode(), str(call.id).encode())
    # The entrance took what leaves room for ours; placeholders may have made a text longer than what Bedrock takes.
    metadata = {name[:_METADATA_LENGTH]: value[:_METADATA_LENGTH] for name, value in given.items()}
    metadata[CALL_KEY] = str(call.id)
    return encode(msgspec.structs.replace(call.sent_conversation, request_metadata=metadata))


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
