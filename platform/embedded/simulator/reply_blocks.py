"""What an answer is made of."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


@dataclass(slots=True)
class ReplyBlock:
    """A block of content: text, reasoning or the call of a tool, as the pieces it is generated in, a token each.

    Or any other, as a script has it: `raw`, whose pieces only count.
    """

    pieces: list[str]
    is_reasoning: bool = False
    tool: str | None = None
    tool_use_id: str = ""
    input: dict[str, Any] = field(default_factory=dict)
    citations: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, Any] | None = None

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
    trace: dict[str, Any] = field(default_factory=dict)  # of a guardrail
    usage: dict[str, Any] = field(default_factory=dict)  # counts of a script, in place of the true ones

    @property
    def output_tokens(self) -> int:
        """All tokens generated."""
        return sum(len(block.pieces) for block in self.blocks)

    def identifier(self, prefix: str, index: int = 0) -> str:
        """An id that looks random and isn't."""
        return prefix + identifier(self.seed, index)


def identifier(seed: bytes, index: int) -> str:
    """Twenty-two characters made of a seed."""
    number = int.from_bytes(seed, "big") + index
    return "".join(_ID_ALPHABET[(number >> (6 * place)) & 63] for place in range(22))
