from hashlib import blake2b

import orjson

from gateway.call import Call
from gateway.call.groups import AnswerBlock
from gateway.conversation import encode
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.loops import Repeats, gist_of, gist_of_call, repeats_of

_RETRY_SECONDS = 60


def break_loops(call: Call, gateway: Gateway) -> None:
    """Looks whether an agent goes round in circles. Refusal loop_detected where its team wants it stopped; else it is said.

    Looks at the conversation as it came; what is remembered of it are keyed hashes.
    """
    team = call.key.team
    if team.loop_action == "off" or call.request.is_inner or call.request.kind != "text":
        return
    found = Repeats(0)
    if call.request.session:
        found = _idle(call, gateway)
        found = max(found, _same_request(call, gateway), key=_number)
    if len(call.conversation.messages) > team.loop_repeats:
        found = max(found, repeats_of(call.conversation), key=_number)
    if team.loop_action == "stop" and found.number >= team.loop_repeats:
        raise _stopped(found)
    warns_at = team.loop_repeats if team.loop_action == "warn" else team.loop_repeats - 1
    if found.number >= max(2, warns_at):
        call.checks.loop = f"repeats={found.number}"


def note_answer(call: Call, gateway: Gateway) -> None:
    """Remembers what was answered, where tokens without progress are counted; what was not may be asked again."""
    if not call.is_authenticated or not call.request.session:
        return
    if call.taken.request_digest and call.refusal is not None and call.refusal.may_retry:
        gateway.sessions.forget_request(call.key.team.id, call.request.session, call.taken.request_digest)
    if not call.key.team.loop_tokens:
        return
    blocks = b"\n".join(_gist(block) for block in call.reply.answer if block.kind != "reasoning")
    digest = blake2b(blocks, key=call.key.team.placeholder_key, digest_size=12).digest()
    gateway.sessions.note_answer(call.key.team.id, call.request.session, digest, call.reply.usage.total)


def _gist(block: AnswerBlock) -> bytes:
    """A block of an answer without what differs each time."""
    if block.kind == "tool_use":
        try:
            return gist_of_call(block.name, orjson.loads(block.text or "{}"))
        except orjson.JSONDecodeError:
            pass  # cut short
    return f"{block.kind} {block.name} {gist_of(block.text)}".encode("utf-8", "replace")


def _number(found: Repeats) -> int:
    return found.number


def _stopped(found: Repeats) -> Refusal:
    return Refusal(
        "loop_detected",
        f"This session goes round in circles: {found.what}, {found.number} times. It is stopped here, so that it costs no "
        "more. Change what it does, begin a new session, or ask your team's owner how loops should be treated.",
        retry_after=_RETRY_SECONDS,
        may_retry=False,
    )


def _same_request(call: Call, gateway: Gateway) -> Repeats:
    """How often this very request came in the session."""
    digest = blake2b(encode(call.conversation), key=call.key.team.placeholder_key, digest_size=12).digest()
    call.taken.request_digest = digest
    number = gateway.sessions.same_request(call.key.team.id, call.request.session, digest)
    return Repeats(number, "the same request was sent")


def _idle(call: Call, gateway: Gateway) -> Repeats:
    """Tokens of the session since something new was said or done, where the team bounds them."""
    most = call.key.team.loop_tokens
    if not most:
        return Repeats(0)
    used = gateway.sessions.idle_tokens(call.key.team.id, call.request.session)
    if used < most:
        return Repeats(0)
    return Repeats(
        call.key.team.loop_repeats, f"nothing new came of the last {used:,} tokens, which counts as the same"
    )
