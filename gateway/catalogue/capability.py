"""PURE: what a model can take and give. The facts are data of the catalogue; each call's request is held against them."""

from dataclasses import dataclass, fields

_THINK_UNASKED = (
    "anthropic.claude-opus-5", "anthropic.claude-sonnet-5", "anthropic.claude-haiku-5", "anthropic.claude-fable-",
    "anthropic.claude-mythos-", "openai.gpt-5", "openai.gpt-6",
)  # fmt: skip
"""How the IDs of such models begin. Sources: Anthropic API docs, What's new in Claude Opus 5 (thinking is on by default);
AWS user guide, Adaptive thinking (Fable, Mythos); OpenAI API docs, Reasoning models (reasoning is charged and not shown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Of one model. The defaults take everything: a model that nobody has described is not refused anything."""

    model_id: str = ""
    vendor: str = ""
    context_window: int = 0
    """Tokens; 0 where nobody has entered it."""
    max_output_tokens: int = 0
    """Bedrock takes a `maxTokens` below it, not the number itself (vertesia/llumiverse#562)."""
    supports_tools: bool = True
    supports_images: bool = True
    supports_documents: bool = True
    supports_video: bool = True
    supports_audio: bool = True
    supports_images_in_results: bool = True
    supports_text_with_results: bool = True
    """Whether a turn may have other blocks beside the results of tools."""
    needs_results_first: bool = False
    """Whether these must then stand before them."""
    supports_citations: bool = True
    supports_parallel_switch: bool = True
    """Whether it can be told to use one tool at a time."""
    supports_structured_output: bool = True
    supports_prefill: bool = True
    """Whether a conversation may end with the beginning of the answer."""
    supports_stop_sequences: bool = True
    supports_streaming: bool = True
    supports_streamed_tools: bool = True
    """Whether its answers to requests with tools can be streamed."""
    supports_prompt_cache: bool = True
    tool_choices: tuple[str, ...] = ("auto", "any", "tool")
    thinking: tuple[str, ...] = ("budget", "adaptive")
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
    """Levels of effort that it takes, from the lowest up."""
    sampling: str = "all"
    """Which of temperature and top_p it takes: `all`, `one` of them at a time, or `none`."""
    cache_points: int = 4
    """Cache points of one request at most; 0: it takes none."""
    cache_min_tokens: int = 0
    cache_lifetimes: tuple[str, ...] = ("5m", "1h")
    cache_places: tuple[str, ...] = ("tools", "system", "messages")
    betas: tuple[str, ...] = ()
    """Anthropic's beta features that it takes, as patterns of their names."""
    count_tokens_id: str = ""
    """What CountTokens takes for it; "": it can't count."""
    invoke_families: tuple[str, ...] = ()
    """The bodies that InvokeModel takes for it."""
    provider: str = "bedrock"
    """Who is asked for it, as accounts with providers name them."""
    reasons_with_tools: bool = True
    """Whether it may be asked to reason where it is given tools."""

    @property
    def is_direct(self) -> bool:
        """Whether it is asked of a provider beside Bedrock."""
        return self.provider != "bedrock"

    @property
    def thinks_unasked(self) -> bool:
        """Whether it reasons unless it is told not to, with tokens that are charged and not all shown."""
        return self.model_id.startswith(_THINK_UNASKED)

    @property
    def is_claude(self) -> bool:
        """Whether what Converse has no member for is said in the words of Claude's own API."""
        return self.model_id.startswith("anthropic.")


_OF_DEPLOYMENTS = ("provider", "reasons_with_tools")
CAPABILITY_FIELDS = tuple(each.name for each in fields(Capability) if each.name not in _OF_DEPLOYMENTS)
"""Those that the catalogue has of a model; what a provider's own API takes of it is in `direct.json`."""
