"""Rules of tools' calls and their results."""

import itertools

from embedded.simulator.shapes import mapping, string
from embedded.simulator.strict.asked import Asked, PlacedBlock
from embedded.simulator.strict.rule import Found, Rule, found


def tools_undefined(asked: Asked) -> Found | None:
    has_blocks = asked.of("toolUse") or asked.of("toolResult")
    return found(has_blocks and not asked.tools and "toolConfig" not in asked.body)


def _ids(blocks: list[PlacedBlock], kind: str) -> list[str]:
    return [string(mapping(block.value).get("toolUseId")) for block in blocks if block.kind == kind]


def unanswered(asked: Asked) -> Found | None:
    """Each call is answered in the next turn; one of the last turn can't be."""
    if not asked.of("toolUse"):
        return None
    turns = [message for message in asked.messages if message.role != "system"]
    for position, message in enumerate(turns):
        calls = _ids(message.blocks, "toolUse")
        if not calls:
            continue
        following = turns[position + 1].blocks if position + 1 < len(turns) else []
        missing = set(calls) - set(_ids(following, "toolResult"))
        if missing:
            ids = ", ".join(call for call in calls if call in missing)
            place = message.blocks[0].message
            return {"next": place + 1, "place": place, "ids": ids}
    return None


def too_many_results(asked: Asked) -> Found | None:
    if not asked.of("toolResult"):
        return None
    previous: list[str] = []
    for message in asked.messages:
        if message.role == "system":
            continue
        answers = _ids(message.blocks, "toolResult")
        if len(answers) > len(previous):
            return {"position": message.blocks[0].message}
        previous = _ids(message.blocks, "toolUse")
    return None


def orphaned_result(asked: Asked) -> Found | None:
    if not asked.of("toolResult"):
        return None
    previous: list[str] = []
    for message in asked.messages:
        if message.role == "system":
            continue
        for block in message.blocks:
            if block.kind == "toolResult":
                call = string(mapping(block.value).get("toolUseId"))
                if call not in previous:
                    return {"path": block.path, "id": call}
        previous = _ids(message.blocks, "toolUse")
    return None


def answered_twice(asked: Asked) -> Found | None:
    seen: set[tuple[int, str]] = set()
    for block in asked.of("toolResult"):
        answer = block.message, string(mapping(block.value).get("toolUseId"))
        if answer in seen:
            return {"position": block.message, "id": answer[1]}
        seen.add(answer)
    return None


def called_twice(asked: Asked) -> Found | None:
    seen: set[str] = set()
    for block in asked.of("toolUse"):
        call = string(mapping(block.value).get("toolUseId"))
        if call in seen:
            return {"path": block.path}
        seen.add(call)
    return None


def results_behind(asked: Asked) -> Found | None:
    """A model that wants results first takes a text before them for a turn without results."""
    if not asked.can.results_first or not asked.of("toolResult"):
        return None
    for message in asked.messages:
        kinds = [block.kind for block in message.blocks if block.kind != "cachePoint"]
        if "toolResult" in kinds and kinds[0] != "toolResult":
            return _behind(message.blocks)
        rest = list(itertools.dropwhile(lambda kind: kind == "toolResult", kinds))
        if "toolResult" in rest:
            return _behind(message.blocks)
    return None


def _behind(blocks: list[PlacedBlock]) -> Found:
    return {"position": blocks[0].message - 1, "ids": ", ".join(_ids(blocks, "toolResult"))}


def mixed_results(asked: Asked) -> Found | None:
    if asked.can.text_with_results or not asked.of("toolResult"):
        return None
    for message in asked.messages:
        kinds = {block.kind for block in message.blocks} - {"cachePoint"}
        if "toolResult" in kinds and len(kinds) > 1:
            return {"position": message.blocks[0].message}
    return None


_IN_PREVIOUS = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
_IN_NEXT = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
MESSAGES = (
    Rule(
        "calls are answered, in Anthropic's words",
        "messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. "
        + _IN_NEXT,
        "Anthropic API docs: Handle tool calls",
        unanswered,
    ),
)
PAIRING = (
    Rule(
        "tools are defined",
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        "vercel/ai#7528; vxcontrol/pentagi#196",
        tools_undefined,
    ),
    Rule(
        "results without calls",
        "The number of toolResult blocks at messages.{position}.content exceeds the number of toolUse blocks of previous "
        "turn.",
        "AWS user guide: Tool use",
        too_many_results,
    ),
    Rule(
        "calls are answered",
        "Expected toolResult blocks at messages.{next}.content for the following Ids: {ids}",
        "AWS user guide: Tool use",
        unanswered,
    ),
    Rule(
        "results beside other blocks",
        "messages.{position}.content: Conversation blocks and tool result blocks cannot be provided in the same turn.",
        "browser-use/browser-use#710",
        mixed_results,
        by_model=True,
    ),
)
OF_MODELS = (
    Rule(
        "results first",
        "messages.{position}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. "
        + _IN_NEXT,
        "Anthropic API docs: Handle tool calls (results first)",
        results_behind,
        by_model=True,
    ),
    Rule(
        "orphaned result",
        "{path}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. " + _IN_PREVIOUS,
        "Anthropic API docs: Handle tool calls",
        orphaned_result,
        by_model=True,
    ),
    Rule(
        "answered twice",
        "messages.{position}.content: each tool_use must have a single result. Found multiple `tool_result` blocks with "
        "id: {id}",
        "Anthropic API: Messages",
        answered_twice,
        by_model=True,
    ),
    Rule(
        "called twice",
        "{path}: `tool_use` ids must be unique",
        "Anthropic API: Messages",
        called_twice,
        by_model=True,
    ),
)
