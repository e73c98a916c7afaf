"""What the model answers: a deterministic function of the turn that says it is simulated."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from embedded.simulator.errors import invalid
from embedded.simulator.prose import SENTENCES
from embedded.simulator.schemas import Filler, Unsatisfiable, instance
from embedded.simulator.scripts import Script
from embedded.simulator.tokens import pieces
from embedded.simulator.turns import SimulatedTool, SimulatedTurn

_QUOTED = 600  # characters of the user's words that come back
_MIN_TOKENS, _SPREAD = 40, 161  # the usual length in tokens: 40 to 200
_MAX_TOKENS = 100_000
# Directives for tests, in the last user message: `[simulate: tokens=500]` sets the length of a text;
# `[simulate: tool=none]` asks for text though there are tools, `[simulate: tool=NAME]` for that tool.
_DIRECTIVE = re.compile(r"\[simulate:\s*([^\]\n]*)\]")
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


@dataclass(slots=True)
class ReplyBlock:
    """A block of content: text, reasoning or the call of a tool, as the pieces it is generated in, a token each."""

    pieces: list[str]
    is_reasoning: bool = False
    tool: str | None = None
    tool_use_id: str = ""
    input: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The pieces together."""
        return "".join(self.pieces)

    @property
    def signature(self) -> str:
        """Of reasoning: by it the simulator knows its own words again."""
        return signature_of(self.text)


def signature_of(reasoning: str) -> str:
    """What proves that the simulator said this."""
    digest = hashlib.blake2b(reasoning.encode("utf-8", "surrogatepass"), digest_size=24).digest()
    return base64.b64encode(digest).decode()


@dataclass(slots=True)
class SimulatedReply:
    """Blocks, and why the model stopped, in Bedrock's words."""

    blocks: list[ReplyBlock]
    stop_reason: str
    seed: bytes
    stop_sequence: str | None = None
    tells_stop_sequence: bool = False

    @property
    def output_tokens(self) -> int:
        """All tokens generated."""
        return sum(len(block.pieces) for block in self.blocks)

    def identifier(self, prefix: str, index: int = 0) -> str:
        """An id that looks random and isn't."""
        return prefix + identifier(self.seed, index)


def reply_to(turn: SimulatedTurn, script: Script | None = None) -> SimulatedReply:
    """The answer to a turn, or what a script says in its place. Raises AwsError (400) for a schema that nothing can be made for."""
    seed = turn.seed()
    number = int.from_bytes(seed[:6], "big")
    directives = _directives(turn.last_user_text)
    tool = _chosen_tool(turn, directives.get("tool"))
    if script is not None:
        reply = _scripted(turn, script, seed)
    elif tool is not None:
        reply = SimulatedReply(_tool_blocks(turn, tool, seed, number), "tool_use", seed)
    elif turn.schema is not None:
        text = orjson.dumps(
            _value(turn.schema, f"Simulated: {_quoted(turn.last_user_text)}", number)
        ).decode()
        reply = SimulatedReply([ReplyBlock(list(pieces(text)))], "end_turn", seed)
    else:
        reply = SimulatedReply([ReplyBlock(_prose(turn, number, directives.get("tokens")))], "end_turn", seed)
    if turn.thinks:
        thought = f"This is simulated reasoning. The user said: {_quoted(turn.last_user_text)}"
        reply.blocks.insert(0, ReplyBlock(list(pieces(thought)), is_reasoning=True))
    reply.tells_stop_sequence = turn.tells_stop_sequence
    _cut(reply, turn)
    return reply


def _scripted(turn: SimulatedTurn, script: Script, seed: bytes) -> SimulatedReply:
    """The script's text; as a tool's input, whatever it looks like, where the model must use one."""
    if isinstance(turn.tool_choice, tuple):
        block = ReplyBlock(
            list(pieces(script.text)), tool=turn.tool_choice[1], tool_use_id=f"tooluse_{identifier(seed, 1)}"
        )
        block.input = _json_object(script.text) or {}
        return SimulatedReply([block], script.stop_reason or "tool_use", seed)
    return SimulatedReply([ReplyBlock(list(pieces(script.text)))], script.stop_reason or "end_turn", seed)


def _json_object(text: str) -> dict[str, Any] | None:
    """A JSON object, or None for what is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def identifier(seed: bytes, index: int) -> str:
    """Twenty-two characters made of a seed."""
    number = int.from_bytes(seed, "big") + index
    return "".join(_ID_ALPHABET[(number >> (6 * place)) & 63] for place in range(22))


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


def _tool_blocks(turn: SimulatedTurn, tool: SimulatedTool, seed: bytes, number: int) -> list[ReplyBlock]:
    """The call, and before it, where the model was free to choose, a sentence."""
    value = _value(tool.schema, _quoted(turn.last_user_text), number)
    arguments = value if isinstance(value, dict) else {}
    text = orjson.dumps(arguments).decode()
    call = ReplyBlock(
        list(pieces(text)), tool=tool.name, tool_use_id=f"tooluse_{identifier(seed, 1)}", input=arguments
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
        if len(block.pieces) > left:
            del reply.blocks[index + 1 :]
            del block.pieces[left:]
            block.input = {}  # half an input isn't JSON
            reply.stop_reason = "max_tokens"
        left -= len(block.pieces)
        if block.tool is None and not block.is_reasoning and _stop(block, reply, turn.stop_sequences):
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
