"""One request for an answer, the same whichever body it came in."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from embedded.simulator import tokens
from embedded.simulator.errors import invalid
from embedded.simulator.models import SimulatedModel

# Written figures for what a model is told around the prompt.
MESSAGE_OVERHEAD = 4
TOOLS_OVERHEAD = 300  # how to call tools


@dataclass(slots=True)
class SimulatedPrompt:
    """All that the model reads, in order, and where the caller marked it for caching."""

    parts: list[str] = field(default_factory=list)
    written_tokens: list[int] = field(default_factory=list)  # beside each part: tokens that aren't its text
    cache_points: list[int] = field(default_factory=list)  # each a number of parts
    media: dict[int, bytes] = field(default_factory=dict)  # beside a part: a hash of what it stands for
    counted: list[int] = field(default_factory=list)  # the tokens of the first parts' texts, once counted

    def add(self, text: str, written_tokens: int = 0) -> None:
        """Adds a text, and tokens that something other than text costs."""
        self.parts.append(text)
        self.written_tokens.append(written_tokens)

    def add_medium(self, text: str, written_tokens: int, data: bytes) -> None:
        """Adds what is read of an image or a document. Another file is another prompt, even where it reads the same."""
        self.media[len(self.parts)] = hashlib.blake2b(data, digest_size=16).digest()
        self.add(text, written_tokens)

    def mark_cache_point(self) -> None:
        """Marks that all so far may be cached."""
        if self.parts and (not self.cache_points or self.cache_points[-1] != len(self.parts)):
            self.cache_points.append(len(self.parts))

    def tokens(self, parts: int | None = None) -> int:
        """The tokens of the first so many parts, or of all."""
        self.counted += (tokens.count(part) for part in self.parts[len(self.counted) :])
        return sum(self.counted[:parts]) + sum(self.written_tokens[:parts])

    def digest(self, key: str, parts: int | None = None) -> bytes:
        """A hash of the first so many parts (or of all), and of a key."""
        text = hashlib.blake2b(key.encode(), digest_size=16)
        for place, part in enumerate(self.parts[:parts]):
            text.update(b"\x00")
            text.update(part.encode("utf-8", "surrogatepass"))
            text.update(self.media.get(place, b""))
        return text.digest()


@dataclass(frozen=True, slots=True)
class SimulatedTool:
    """A tool the model may call, and the JSON schema of its input."""

    name: str
    schema: dict[str, Any]


@dataclass(slots=True)
class SimulatedTurn:
    """What is asked of the model. `tool_choice` is "auto", "any", "none" or ("tool", name)."""

    model: SimulatedModel
    model_id: str
    region: str
    prompt: SimulatedPrompt = field(default_factory=SimulatedPrompt)
    last_user_text: str = ""
    tool_results: list[str] = field(default_factory=list)  # those of the last message
    tools: list[SimulatedTool] = field(default_factory=list)
    tool_choice: str | tuple[str, str] = "auto"
    schema: dict[str, Any] | None = None
    max_tokens: int | None = None
    stop_sequences: list[str] = field(default_factory=list)
    thinks: bool = False  # whether reasoning is asked for
    field_paths: list[str] = field(
        default_factory=list
    )  # of the model's own answer, asked for beside Converse's
    cites: bool = False  # whether documents are to be cited
    cache_lifetime: str = "5m"
    echoed: dict[str, Any] = field(default_factory=dict)  # performanceConfig and serviceTier, told again
    guardrail: dict[str, Any] = field(default_factory=dict)  # as the caller asks for it
    input_tokens: int = 0

    def weigh(self, *, tells_tokens: bool = False) -> None:
        """Counts the input. Raises AwsError (400) where it doesn't fit the model's context window, in one of two ways."""
        self.input_tokens = self.prompt.tokens()
        window = self.model.context_window
        if self.input_tokens > window and tells_tokens:
            raise invalid(
                "The model returned the following errors: prompt is too long: "
                f"{self.input_tokens} tokens > {window} maximum"
            )
        if self.input_tokens > window:
            raise invalid("Input is too long for requested model.")

    @property
    def most_tokens(self) -> int:
        """What a quota holds of it while it is under way: its input, and all that it may write. Source: AWS user guide, "How
        tokens are counted in Amazon Bedrock"."""
        return self.input_tokens + (self.max_tokens or self.model.max_output_tokens or 0)

    def seed(self) -> bytes:
        """What the answer depends on: sixteen bytes, the same for the same request."""
        return self.prompt.digest(f"{self.region} {self.model_id}")
