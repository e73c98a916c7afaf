from gateway.call import Call
from gateway.conversation import Conversation, SystemBlock
from gateway.runtime import Gateway
from governance.screening.policy.defence import canary, canary_notice, mark_notice, mark_text, nonce
from governance.screening.policy.leaks import system_prompt_of


def defend(call: Call, gateway: Gateway) -> None:
    """Puts users' texts between marks and a canary into the system prompt, where policy says so."""
    screening, conversation = call.rules.effective.screening, call.conversation
    if call.request.kind != "text" or not (screening.delimit or screening.canary or screening.leak):
        return
    texts = [block.text for block in conversation.system or () if block.text]
    key, system = call.key.team.placeholder_key, "\n".join(texts)
    secret = canary(key, system) if screening.canary and texts else ""
    if secret:
        _say(conversation, canary_notice(secret))
    if screening.delimit:
        _mark(conversation, nonce(key, system))
    if screening.leak and (texts or secret):
        call.system_prompt = system_prompt_of(tuple(texts), secret)


def _mark(conversation: Conversation, digits: str) -> None:
    _say(conversation, mark_notice(digits))
    for message in conversation.messages:
        if message.role == "user":
            for block in message.content:
                if block.text:
                    block.text = mark_text(block.text, digits)


def _say(conversation: Conversation, text: str) -> None:
    """Adds a text to the system prompt, before a cache point at its end, so that it is cached with it."""
    system = conversation.system = conversation.system or []
    at = len(system) - 1 if system and system[-1].cache_point is not None else len(system)
    system.insert(at, SystemBlock(text=text))
