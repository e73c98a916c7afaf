"""PURE: names of tools and IDs of their calls, which Converse takes in few signs: a stable alias, one to one."""

import re
from collections.abc import Iterable
from hashlib import blake2b

from msgspec.structs import replace

from gateway.conversation import Block, Json, Message, Tool, ToolConfig
from gateway.wire.fit.work import Work

# Source: the shapes ToolName and ToolUseId of the service model.
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_IDS = {
    "anthropic": (re.compile(r"[a-zA-Z0-9_-]{1,64}"), re.compile(r"[^a-zA-Z0-9_-]+")),
    "openai": (re.compile(r"[a-zA-Z0-9_.:-]{1,40}"), re.compile(r"[^a-zA-Z0-9_.:-]+")),
}
"""IDs that providers beside Bedrock take, where they take fewer, and what those have not: conversations go on there that began
elsewhere. Sources: maximhq/bifrost#5097, screenpipe/screenpipe#3252; agno-agi/agno#5382, pydantic/pydantic-ai#4389."""
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_.:-]+")
_KEPT, _KEPT_OF_ID = 50, 29
"""Signs of the original that an alias begins with; a hash of all of it follows. IDs are of 40 at most then, as all providers take."""


def alias(original: str, unwanted: re.Pattern[str], taken: Iterable[str] = (), kept: int = _KEPT) -> str:
    """The same for the same original, another for another, and none that is taken."""
    begin = unwanted.sub("_", original)[:kept].strip("_") or "x"
    salt = ""
    while True:
        digest = blake2b(f"{salt}{original}".encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
        made = f"{begin}_{digest}"
        if made not in taken:
            return made
        salt += "+"


def mend_names(work: Work) -> None:
    """Gives tools whose names Converse does not take an alias: where they are defined, chosen and in the history."""
    names = dict.fromkeys(_names(work))
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if not wrong:
        return
    places = _places(work, set(wrong))
    where, shown = places[wrong[0]], wrong[0][:100]
    if not work.breaks(
        "tool_names",
        where,
        f"the tool's name '{shown}' must have 1 to 64 letters, digits, '_' and '-'.",
        work.words_on_names,
    ):
        return
    taken = {name for name in names if _NAME.fullmatch(name)}
    aliases: dict[str, str] = {}
    for name in wrong:
        aliases[name] = alias(name, _NOT_IN_NAME, taken)
        taken.add(aliases[name])
        work.say(places[name], "aliased")
    work.original_names = {given: name for name, given in aliases.items()}
    _rename(work, aliases)


def _names(work: Work) -> Iterable[str]:
    config = work.conversation.tool_config
    for tool in config.tools if config is not None else ():
        if tool.tool_spec is not None:
            yield tool.tool_spec.name
    for message in work.conversation.messages:
        for block in message.content:
            if block.tool_use is not None:
                yield block.tool_use.name


def _places(work: Work, names: set[str]) -> dict[str, str]:
    """Where each of these names stands first."""
    found: dict[str, str] = {}
    config, number = work.conversation.tool_config, 0
    for tool in config.tools if config is not None else ():
        if tool.tool_spec is not None:
            if tool.tool_spec.name in names:
                found.setdefault(tool.tool_spec.name, f"{work.member('tools')}[{number}].name")
            number += 1
    for message in work.conversation.messages:
        for block in message.content:
            if block.tool_use is not None and block.tool_use.name in names:
                found.setdefault(block.tool_use.name, work.where(block))
    return found


def _rename(work: Work, aliases: dict[str, str]) -> None:
    config = work.conversation.tool_config
    if config is not None:
        tools = [
            Tool(
                tool_spec=replace(tool.tool_spec, name=aliases.get(tool.tool_spec.name, tool.tool_spec.name))
            )
            if tool.tool_spec is not None
            else tool
            for tool in config.tools
        ]
        work.change(tool_config=ToolConfig(tools=tools, tool_choice=_choice(config.tool_choice, aliases)))
    work.change(
        messages=[
            Message(role=message.role, content=[_renamed(work, block, aliases) for block in message.content])
            for message in work.conversation.messages
        ]
    )


def _choice(choice: Json | None, aliases: dict[str, str]) -> Json | None:
    if choice is None or "tool" not in choice:
        return choice
    name = choice["tool"].get("name")
    return {"tool": {"name": aliases.get(name, name)}}


def _renamed(work: Work, block: Block, aliases: dict[str, str]) -> Block:
    if block.tool_use is None or block.tool_use.name not in aliases:
        return block
    return work.changed(block, tool_use=replace(block.tool_use, name=aliases[block.tool_use.name]))


def mend_ids(work: Work) -> None:
    """Gives IDs that Converse, or the provider, does not take an alias, the same in call and result; and those that an earlier turn
    has had."""
    form, unwanted = _IDS.get(work.capability.provider, (_ID, _NOT_IN_ID))
    ids = [found for message in work.conversation.messages for block in message.content if (found := _id(block)) is not None]  # fmt: skip
    if all(map(form.fullmatch, ids)) and not _is_reused(work.conversation.messages):
        return
    taken = {found for found in ids if form.fullmatch(found)}
    uses: dict[str, int] = {}
    current: dict[str, str] = {}
    """Of the last turn that called tools: the ID that is sent for each of the caller's."""
    messages: list[Message] = []
    for message in work.conversation.messages:
        calls = dict.fromkeys(
            block.tool_use.tool_use_id for block in message.content if block.tool_use is not None
        )
        if calls:
            current = {
                found: _sent_id(work, message, found, uses.get(found, 0), taken, form, unwanted)
                for found in calls
            }
            for found in calls:
                uses[found] = uses.get(found, 0) + 1
        content = [_with_id(work, block, current) for block in message.content]
        messages.append(Message(role=message.role, content=content))
    work.change(messages=messages)


def _is_reused(messages: list[Message]) -> bool:
    """Whether a turn's calls have an ID of an earlier turn's, as where they are numbered anew each time."""
    seen: set[str] = set()
    for message in messages:
        calls = {block.tool_use.tool_use_id for block in message.content if block.tool_use is not None}
        if not seen.isdisjoint(calls):
            return True
        seen |= calls
    return False


def _sent_id(
    work: Work, message: Message, found: str, uses: int, taken: set[str], form: re.Pattern[str], unwanted: re.Pattern[str]
) -> str:  # fmt: skip
    if form.fullmatch(found) and not uses:
        return found
    block = next(b for b in message.content if b.tool_use is not None and b.tool_use.tool_use_id == found)
    where, shown = work.where(block), found[:100]
    told, words = (
        f"an earlier turn has a call with the ID '{shown}'.",
        f"{where}: `tool_use` ids must be unique",
    )
    if not uses:
        told = f"the ID of a tool's call '{shown}' must fit {form.pattern}."
        words = work.words_on_names
    if not work.breaks("tool_ids", where, told, words):
        return found
    work.say(where, "aliased")
    made = alias(f"{found}~{uses}" if uses else found, unwanted, taken, _KEPT_OF_ID)
    taken.add(made)
    return made


def _with_id(work: Work, block: Block, current: dict[str, str]) -> Block:
    if (use := block.tool_use) is not None and current[use.tool_use_id] != use.tool_use_id:
        return work.changed(block, tool_use=replace(use, tool_use_id=current[use.tool_use_id]))
    if (result := block.tool_result) is not None:
        # A result of no call is refused as such; its ID is made one that Converse would take.
        sent = current.get(result.tool_use_id, result.tool_use_id)
        if sent != result.tool_use_id:
            return work.changed(block, tool_result=replace(result, tool_use_id=sent))
    return block


def _id(block: Block) -> str | None:
    if block.tool_use is not None:
        return block.tool_use.tool_use_id
    return None if block.tool_result is None else block.tool_result.tool_use_id
