"""What the model answers: a deterministic function of the turn that says it is simulated."""

import re
from base64 import b64encode
from typing import Any

import orjson

from embedded.simulator.errors import invalid
from embedded.simulator.prose import SENTENCES
from embedded.simulator.reply_blocks import ReplyBlock, SimulatedReply, identifier
from embedded.simulator.schemas import Filler, Unsatisfiable, instance
from embedded.simulator.scripts import Script
from embedded.simulator.tokens import pieces
from embedded.simulator.told import asked_in_words, with_descriptions
from embedded.simulator.turns import SimulatedTool, SimulatedTurn

_QUOTED = 600  # characters of the user's words that come back
_MIN_TOKENS, _SPREAD = 40, 161  # the usual length in tokens: 40 to 200
_MAX_TOKENS = 100_000
# Directives for tests, in the last user message: `[simulate: tokens=500]` sets the length of a text;
# `[simulate: tool=none]` asks for text though there are tools, `[simulate: tool=NAME]` for that tool;
# `[simulate: arguments=none]` for a call without arguments, `[simulate: stop=content_filtered]` for a reason to stop,
# `[simulate: content=none]` for no content, `content=image` for an image, `reasoning=redacted` for hidden reasoning.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_CONTENTS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "image": [{"image": {"format": "png", "source": {"bytes": _PIXEL}}}],
}
_DIRECTIVE = re.compile(r"\[simulate:\s*([^\]\n]*)\]")


def reply_to(turn: SimulatedTurn, script: Script | None = None) -> SimulatedReply:
    """The answer to a turn, or what a script says in its place. Raises AwsError (400) for a schema that nothing can be made for."""
    seed = turn.seed()
    number = int.from_bytes(seed[:6], "big")
    directives = _directives(turn.last_user_text)
    tool = _chosen_tool(turn, directives.get("tool"))
    if script is not None:
        reply = _scripted(turn, script, seed)
    elif directives.get("content") in _CONTENTS:
        reply = SimulatedReply(list(map(raw_block, _CONTENTS[directives["content"]])), "end_turn", seed)
    elif tool is not None:
        has_arguments = directives.get("arguments") != "none"
        blocks = _tool_blocks(turn, tool, seed, number, has_arguments=has_arguments)
        reply = SimulatedReply(blocks, "tool_use", seed)
    elif (schema := turn.schema or asked_in_words(turn)) is not None:
        said = f"Simulated: {_quoted(turn.last_user_text)}"
        text = orjson.dumps(_value(with_descriptions(schema), said, number)).decode()
        reply = SimulatedReply([ReplyBlock(list(pieces(text)))], "end_turn", seed)
    else:
        reply = SimulatedReply([_said(turn, number, directives.get("tokens"))], "end_turn", seed)
    if turn.thinks and (script is None or script.content is None):
        reply.blocks.insert(0, _thought(turn, is_redacted=directives.get("reasoning") == "redacted"))
    _cut(reply, turn)
    if directives.get("stop"):
        reply.stop_reason = directives["stop"]
    return reply


def raw_block(content: dict[str, Any]) -> ReplyBlock:
    """A block that passes as it is; its JSON counts as its tokens."""
    return ReplyBlock(list(pieces(orjson.dumps(content).decode())), raw=content)


def _thought(turn: SimulatedTurn, *, is_redacted: bool) -> ReplyBlock:
    thought = f"This is simulated reasoning. The user said: {_quoted(turn.last_user_text)}"
    if is_redacted:
        return raw_block({"reasoningContent": {"redactedContent": b64encode(thought.encode()).decode()}})
    return ReplyBlock(list(pieces(thought)), is_reasoning=True)


def _said(turn: SimulatedTurn, number: int, tokens: str | None) -> ReplyBlock:
    """A text; with its source, where the caller asks for citations."""
    block = ReplyBlock(_prose(turn, number, tokens))
    if turn.cites:
        place = {"documentChar": {"documentIndex": 0, "start": 0, "end": 20}}
        source = [{"text": "A simulated passage."}]
        block.citations = [{"title": "Simulated", "sourceContent": source, "location": place}]
    return block


def _scripted(turn: SimulatedTurn, script: Script, seed: bytes) -> SimulatedReply:
    """The script's blocks or text; its text as a tool's input, whatever it looks like, where the model must use one."""
    if script.content is not None:
        kind = "tool_use" if any("toolUse" in each for each in script.content) else "end_turn"
        blocks = list(map(raw_block, script.content))
        return SimulatedReply(blocks, script.stop_reason or kind, seed, usage=script.usage)
    if isinstance(turn.tool_choice, tuple):
        block = ReplyBlock(
            list(pieces(script.text)), tool=turn.tool_choice[1], tool_use_id=f"tooluse_{identifier(seed, 1)}"
        )
        block.input = _json_object(script.text) or {}
        return SimulatedReply([block], script.stop_reason or "tool_use", seed, usage=script.usage)
    blocks = [ReplyBlock(list(pieces(script.text)))]
    return SimulatedReply(blocks, script.stop_reason or "end_turn", seed, usage=script.usage)


def _json_object(text: str) -> dict[str, Any] | None:
    """A JSON object, or None for what is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _directives(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for inside in _DIRECTIVE.findall(text):
        found |= dict(part.partition("=")[::2] for part in inside.split())
    return found


def _chosen_tool(turn: SimulatedTurn, directive: str | None) -> SimulatedTool | None:
    """Which tool to call. Left to itself the model calls one unless it was just given a tool's result."""
    by_name = {tool.name: tool for tool in turn.tools}
    if isinstance(turn.tool_choice, tuple):
        return by_name.get(turn.tool_choice[1])
    if not by_name or turn.tool_choice == "none":
        return None
    mentioned = next((tool for name, tool in by_name.items() if name in turn.last_user_text), turn.tools[0])
    if turn.tool_choice == "any":
        return by_name.get(directive or "", mentioned)
    if turn.tool_results or directive == "none":
        return None
    return by_name.get(directive or "", mentioned)


def _tool_blocks(
    turn: SimulatedTurn, tool: SimulatedTool, seed: bytes, number: int, *, has_arguments: bool
) -> list[ReplyBlock]:
    """The call, and before it, where the model was free to choose, a sentence."""
    value = _value(tool.schema, _quoted(turn.last_user_text), number) if has_arguments else {}
    arguments = value if isinstance(value, dict) else {}
    # Without arguments a model says nothing at all, not even `{}`.
    text = orjson.dumps(arguments).decode() if arguments else ""
    call = ReplyBlock(
        list(pieces(text)) or [""],
        tool=tool.name,
        tool_use_id=f"tooluse_{identifier(seed, 1)}",
        input=arguments,
    )
    if turn.tool_choice != "auto":
        return [call]
    return [ReplyBlock(list(pieces(f"This is a simulated answer: I will call {tool.name}."))), call]


def _value(schema: dict[str, Any], text: str, number: int) -> Any:
    try:
        return instance(schema, Filler(text, number))
    except Unsatisfiable as error:
        raise invalid(f"The simulator cannot make a value that fits the JSON schema: {error}.") from None


def _quoted(text: str) -> str:
    return text[:_QUOTED]


def _prose(turn: SimulatedTurn, number: int, directive: str | None) -> list[str]:
    """Who answers, what was said, then sentences up to the length."""
    opening = f"This is a simulated answer from {turn.model_id} in {turn.region}."
    parts = list(pieces(opening))
    for result in turn.tool_results:
        parts += pieces(f' The tool answered: "{_quoted(result)}".')
    if turn.last_user_text:
        parts += pieces(f' You said: "{_quoted(turn.last_user_text)}".')
    exact = min(int(directive), _MAX_TOKENS) if directive and directive.isdecimal() else None
    wanted = exact if exact is not None else _MIN_TOKENS + number % _SPREAD
    step = number
    while len(parts) < wanted:
        # Steps of a number that shares no factor with the count visit every sentence once a round.
        parts += pieces(" " + SENTENCES[step % len(SENTENCES)])
        step += 7
    return parts if exact is None else parts[: max(exact, 1)]


def _cut(reply: SimulatedReply, turn: SimulatedTurn) -> None:
    """Applies the caller's limits: first the number of tokens, then the stop sequences, to text alone."""
    left = turn.max_tokens if turn.max_tokens is not None else _MAX_TOKENS
    for index, block in enumerate(reply.blocks):
        if block.raw is None and len(block.pieces) > left:
            del reply.blocks[index + 1 :]
            del block.pieces[left:]
            block.input = {}  # half an input isn't JSON
            block.citations = []
            reply.stop_reason = "max_tokens"
        left -= len(block.pieces)
        is_text = block.tool is None and block.raw is None and not block.is_reasoning
        if is_text and _stop(block, reply, turn.stop_sequences):
            del reply.blocks[index + 1 :]
            break
    reply.blocks = [block for block in reply.blocks if block.pieces]


def _stop(block: ReplyBlock, reply: SimulatedReply, sequences: list[str]) -> bool:
    """Ends a text before the first stop sequence in it; says whether there was one."""
    text = block.text
    hits = [(text.find(sequence), sequence) for sequence in sequences if sequence in text]
    if not hits:
        return False
    end, reply.stop_sequence = min(hits)
    reply.stop_reason = "stop_sequence"
    kept: list[str] = []
    for piece in block.pieces:
        if end <= 0:
            break
        kept.append(piece[:end])
        end -= len(piece)
    block.pieces[:] = kept
    return True
