"""PURE: where the parts of a conversation stand in the caller's own request, so that errors name the caller's places."""

from dataclasses import dataclass

from gateway.call.fit import Adjustment
from gateway.catalogue.wishes import Wishes
from gateway.conversation import Block, Json


@dataclass(frozen=True, slots=True)
class WebImage:
    """An image that is still to be fetched: `image` is the block's own, to be filled in place."""

    url: str
    where: str
    image: Json


class Places:
    """By block. Blocks are known by identity: stages change what is in them, and move them, but never replace them."""

    __slots__ = ("_by_id", "adjustments", "custom_tools", "web_images", "wishes", "words_on_names")

    def __init__(self) -> None:
        self.adjustments: list[Adjustment] = []
        """What was changed while the request was read."""
        self.custom_tools: set[str] = set()
        """Names of tools that take free text, which are functions of one text here."""
        self.words_on_names = ""
        """What Bedrock says of the names of tools, or of the IDs of their calls, where it does not take them."""
        self.wishes: Wishes | None = None
        """What the caller wishes of the choice of a deployment, in a member of the body."""
        self.web_images: list[WebImage] = []
        """In their order; each holds no picture until it is fetched."""
        self._by_id: dict[
            int, tuple[Block, str]
        ] = {}  # which keeps the block, so that its id is nobody else's

    def note(self, block: Block, where: str) -> Block:
        """Remembers where a block came from; gives it back."""
        self._by_id[id(block)] = (block, where)
        return block

    def of(self, block: Block) -> str | None:
        """Where the block stands at the caller; None for one that is not the caller's."""
        found = self._by_id.get(id(block))
        return None if found is None else found[1]


_MEMBERS = {
    "temperature": ("temperature", "temperature", "inferenceConfig.temperature", "temperature"),
    "top_p": ("top_p", "top_p", "inferenceConfig.topP", "top_p"),
    "top_k": ("top_k", "top_k", "additionalModelRequestFields.top_k", "top_k"),
    "max_tokens": ("max_tokens", "max_tokens", "inferenceConfig.maxTokens", "max_output_tokens"),
    "stop": ("stop", "stop_sequences", "inferenceConfig.stopSequences", "stop"),
    "format": ("response_format", "output_config.format", "outputConfig.textFormat", "text.format"),
    "effort": ("reasoning_effort", "output_config.effort", "outputConfig.effort", "reasoning.effort"),
    "reasoning_effort": (
        "reasoning_effort",
        "additionalModelRequestFields",
        "additionalModelRequestFields",
        "reasoning.effort",
    ),
    "thinking": ("thinking", "thinking", "additionalModelRequestFields.thinking", "reasoning"),
    "tools": ("tools", "tools", "toolConfig.tools", "tools"),
    "tool_choice": ("tool_choice", "tool_choice", "toolConfig.toolChoice", "tool_choice"),
    "betas": (
        "anthropic-beta",
        "anthropic-beta",
        "additionalModelRequestFields.anthropic_beta",
        "anthropic-beta",
    ),
    "fields": ("", "", "additionalModelRequestFields.", ""),
    "messages": ("messages", "messages", "messages", "input"),
    "system": ("messages", "system", "system", "instructions"),
}
_COLUMNS = {"anthropic": 1, "invoke": 1, "converse": 2, "bedrock": 2, "responses": 3}


def member_of(name: str, wire_format: str) -> str:
    """What a member of the request is called by the caller."""
    return _MEMBERS[name][_COLUMNS.get(wire_format, 0)]
