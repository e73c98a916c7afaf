"""PURE: blank texts, and the order of turns. What OpenAI's and Anthropic's APIs take daily, Converse does not."""

from gateway.conversation import Block, Message, SystemBlock
from gateway.wire.fit.work import Work

_BEGIN = "(The conversation begins.)"
"""A first turn of the user's, where a chat begins with a greeting of the assistant's."""
_FIRST_WORDS = "A conversation must start with a user message. Try again with a conversation that starts with a user message."
_ALTERNATE_WORDS = (
    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user "
    "and assistant roles and try again."
)


def is_blank(text: str) -> bool:
    """Whether a text has nothing that a model could read."""
    return not text or text.isspace()


def mend_system(work: Work) -> None:
    """Takes blank texts out of the system prompt."""
    system = work.conversation.system
    if system is None:
        return
    blank = [number for number, block in enumerate(system) if block.text is not None and is_blank(block.text)]
    if not blank:
        return
    kept: list[SystemBlock] = []
    for number, block in enumerate(system):
        if number in blank and work.breaks(
            "blank_text", work.member("system"), "a text is blank. Leave it out.", _blank_words(f"system.{number}", "SystemContentBlock")
        ):  # fmt: skip
            work.say(work.member("system"), "dropped")
            continue
        kept.append(block)
    while kept and kept[0].cache_point is not None:
        kept.pop(0)  # there is nothing before it any more
        work.say(work.member("system"), "dropped", "cache_point")
    work.change(system=kept or None)


def _blank_words(path: str, kind: str) -> str:
    return (
        f"The text field in the {kind} object at {path} is blank. Add text to the text field, and try again."
    )


def mend_turns(work: Work) -> None:
    """Drops blank blocks and turns, joins turns of one role, and lets the user begin."""
    messages: list[Message] = []
    for message in work.conversation.messages:
        content = _without_blank(work, message)
        if not content:
            continue
        if messages and messages[-1].role == message.role:
            if not work.breaks(
                "turns", work.where(content[0]), "two turns of one role follow each other.", _ALTERNATE_WORDS
            ):
                messages.append(Message(role=message.role, content=content))
                continue
            messages[-1] = Message(role=message.role, content=[*messages[-1].content, *content])
        elif content is message.content:
            messages.append(message)
        else:
            messages.append(Message(role=message.role, content=content))
    if not messages:
        raise work.refusal(
            work.member("messages"),
            "there is no text to answer: all messages are blank. Send at least one user message.",
        )
    _begin(work, messages)
    work.change(messages=messages)


def _without_blank(work: Work, message: Message) -> list[Block]:
    """The blocks of a turn that are not blank. A user's turn that has no other is refused: there is nothing to answer."""
    blank = [block for block in message.content if block.text is not None and is_blank(block.text)]
    if not blank:
        return message.content
    gone = set(map(id, blank))
    kept = [block for block in message.content if id(block) not in gone]
    for block in blank:
        where = work.where(block)
        if not work.breaks(
            "blank_text", where, "the text is blank. Add text, or leave it out.", _blank_words(where, "ContentBlock")
        ):  # fmt: skip
            return message.content
        work.say(where, "dropped")
    if any(block.cache_point is None for block in kept):
        return kept
    for point in kept:
        work.say(work.where(point), "dropped", "cache_point")
    return []


def _begin(work: Work, messages: list[Message]) -> None:
    if messages[0].role == "user":
        return
    where = work.where(messages[0].content[0])
    if work.wire_format in ("anthropic", "invoke"):  # as its own API
        raise work.refusal(where, "the first message must use the role 'user'.")
    if work.breaks("turns", where, "the first message must be a user's.", _FIRST_WORDS):
        work.say(work.member("messages"), "begun")
        messages.insert(0, Message(role="user", content=[Block(text=_BEGIN)]))


def mend_prefill(work: Work) -> None:
    """Refuses a conversation that ends with the assistant where the model can't go on from there; trims what can."""
    messages = work.conversation.messages
    if messages[-1].role != "assistant":
        return
    last = messages[-1].content[-1]
    where = work.where(last)
    if not work.capability.supports_prefill:
        work.breaks(
            "prefill",
            where,
            f"the model {work.capability.model_id} does not go on from the beginning of an answer. End with a user message.",
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )
        return
    if (
        last.text is not None
        and last.text != last.text.rstrip()
        and work.breaks(
            "prefill_space",
            where,
            "the beginning of an answer must not end with white space.",
            "messages: final assistant content cannot end with trailing whitespace",
        )
    ):
        work.say(where, "trimmed")
        content = [*messages[-1].content[:-1], work.changed(last, text=last.text.rstrip())]
        work.change(messages=[*messages[:-1], Message(role="assistant", content=content)])
