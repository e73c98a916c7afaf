"""Requests with an idempotency key, as the handler gets them: which call is made, and how a refusal is told."""

from gateway.call import Call
from gateway.call.idempotency import IdempotencyKey
from gateway.entrances.formats.bedrock import BedrockEntrance
from gateway.entrances.formats.incoming import Scope, headers_of, new_call
from gateway.entrances.handover import CallHandover, Handover
from gateway.entrances.once import Once, known_by, wanted_key
from gateway.entrances.sending import Receive, Send, refused, send_whole, view_answer
from gateway.entrances.stream import StreamedReply
from gateway.entrances.table import Address
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry

_BEDROCK = BedrockEntrance()


async def call_once(
    found: CallHandover,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    address: Address,
    parts: dict[str, str],
    known: IdempotencyKey,
) -> None:
    """A call of an entrance, made once."""

    async def make(send: Send) -> Call:
        if found.parsed is not None and found.parsed.is_stream:
            await StreamedReply(found, send).run()
        else:
            await send_whole(send, await view_answer(scope, address, parts, found.body))
        return found.call

    async def tell(refusal: Refusal) -> None:
        await send_whole(send, refused(found.call, found.entrance, refusal))

    await Once(found.gateway, found.call, make=make, tell=tell).answer(known, receive, send)


async def view_once(
    gateway: Gateway,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    address: Address,
    body: bytes,
    key: KeyEntry,
) -> None:
    """What a view of Bedrock's own answers by calls that it makes, made once."""
    call = new_call(scope, wire_format=_BEDROCK.name, parsed=None, body_bytes=len(body), shown_key=key)
    made: list[Call] = []
    Handover(gateway=gateway, body=body, made=made).put(scope)

    async def make(send: Send) -> Call:
        await send_whole(send, await view_answer(scope, address, {}, body))
        return made[-1]

    async def tell(refusal: Refusal) -> None:
        await send_whole(send, refused(call, _BEDROCK, refusal))

    once = wanted_key(headers_of(scope), _BEDROCK.name)
    assert once is not None
    known = await known_by(scope, once, body, key)
    await Once(gateway, call, make=make, tell=tell).answer(known, receive, send)
