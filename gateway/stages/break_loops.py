from hashlib import blake2b

from gateway.call import Call
from gateway.conversation import encode
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.loops import Repeats, repeats_of

_RETRY_SECONDS = 60


def break_loops(call: Call, gateway: Gateway) -> None:
    """Looks whether an agent goes round in circles. Refusal loop_detected where its team wants it stopped; else it is said.

    Looks at the conversation as it came, before anything is masked or fitted; what was seen is kept as keyed hashes.
    """
    team = call.key.team
    if team.loop_action == "off" or call.request.is_inner or call.request.kind != "text":
        return
    found = _same_request(call, gateway) if call.request.session else Repeats(0)
    if len(call.conversation.messages) > team.loop_repeats:
        found = max(repeats_of(call.conversation), found, key=lambda each: each.number)
    if found.number < team.loop_repeats:
        found = _idle(call, gateway) or found
    if found.number < team.loop_repeats:
        return
    if team.loop_action == "warn":
        call.checks.adjusted_by_rule.append(f"loop; warned={found.number}")
        return
    raise Refusal(
        "loop_detected",
        f"This session goes round in circles: {found.what} {found.number} times. It is stopped so that it costs no more. "
        "Change what it does, start a new session, or ask your team's owner to change how loops are treated.",
        retry_after=_RETRY_SECONDS,
        may_retry=False,
    )


def _same_request(call: Call, gateway: Gateway) -> Repeats:
    """How often this very request came in the session."""
    digest = blake2b(encode(call.conversation), key=call.key.team.placeholder_key, digest_size=12).digest()
    number = gateway.sessions.same_request(call.key.team.id, call.request.session, digest)
    return Repeats(number, "the same request was sent")


def _idle(call: Call, gateway: Gateway) -> Repeats | None:
    """Tokens of the session since something new was said or done, where the team bounds them."""
    most = call.key.team.loop_tokens
    if not most or not call.request.session:
        return None
    used = gateway.sessions.idle_tokens(call.key.team.id, call.request.session)
    if used < most:
        return None
    return Repeats(
        call.key.team.loop_repeats, f"{used:,} tokens were used without anything new, and that counts as"
    )
