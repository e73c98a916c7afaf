from gateway.call import Call
from gateway.conversation import Conversation, SystemBlock
from gateway.runtime import Gateway
from gateway.wire.texts import mark_block
from governance.screening.policy.defence import (
    canary,
    canary_notice,
    mark_notice,
    mark_text,
    marked_values,
    nonce,
)
from governance.screening.policy.leaks import system_prompt_of


def defend(call: Call, gateway: Gateway) -> None:
    """Puts users' texts between marks and a canary into the system prompt, where policy says so."""
    screening, conversation = call.rules.effective.screening, call.conversation
    marks = screening.delimit or screening.delimit_outside
    if call.request.kind != "text" or not (marks or screening.canary or screening.leak):
        return
    texts = [block.text for block in conversation.system or () if block.text]
    key = call.key.team.placeholder_key
    system = "\n".join(_lasting(conversation)) if marks or screening.canary else ""
    secret = canary(key, system) if screening.canary and texts else ""
    if secret:
        _say(conversation, canary_notice(secret))
    if marks:
        digits = nonce(key, str(call.prompt.prompt.id) if call.has_prompt else system)
        if call.has_prompt:
            _mark_values(conversation, digits)
        _mark(conversation, digits, all_texts=screening.delimit)
        call.marks = digits
        if (
            texts
        ):  # whether or not there is anything to mark: else the prompt would change amid a conversation
            _say(conversation, mark_notice(digits, all_texts=screening.delimit))
    if screening.leak and (texts or secret):
        call.system_prompt = system_prompt_of(tuple(texts), secret)


def _lasting(conversation: Conversation) -> list[str]:
    """Of the system prompt, what is the same in the next call: up to the last point for the cache, where there is one.

    Marks and canary follow from it, so that they never part callers from what is cached.
    """
    blocks = conversation.system or []
    points = [number for number, block in enumerate(blocks) if block.cache_point is not None]
    return [block.text for block in blocks[: points[-1] if points else None] if block.text]


def _mark_values(conversation: Conversation, digits: str) -> None:
    """Puts marks round the values of a prompt's variables, which `render prompt` has set apart."""
    for system in conversation.system or ():
        if system.text:
            system.text = marked_values(system.text, digits)
    for message in conversation.messages:
        for block in message.content:
            if block.text:
                block.text = marked_values(block.text, digits)


def _mark(conversation: Conversation, digits: str, *, all_texts: bool) -> None:
    """Puts marks round what comes from elsewhere, or round all that users send."""

    def change(role: str, text: str) -> str:
        if not text.strip() or (role == "user" and not all_texts):
            return text
        return mark_text(text, digits)

    for message in conversation.messages:
        if message.role == "user":
            for block in message.content:
                mark_block(block, change)


def _say(conversation: Conversation, text: str) -> None:
    """Adds a text to the system prompt, before a cache point at its end, so that it is cached with it."""
    system = conversation.system = conversation.system or []
    at = len(system) - 1 if system and system[-1].cache_point is not None else len(system)
    system.insert(at, SystemBlock(text=text))
