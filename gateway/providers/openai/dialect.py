"""PURE: what differs between those who speak OpenAI's chat completions."""

from dataclasses import dataclass, field

from gateway.conversation import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to speak it. The defaults are those of servers that say to be compatible, of which least is known."""

    tokens_member: str = "max_tokens"
    """What bounds the answer."""
    has_tiers: bool = False
    """Whether it takes `service_tier`, so that the price which holds is the one that is known."""
    always: Json = field(default_factory=dict)
    """Members that each request has."""
    takes_strict: bool = True
    """Whether it takes `strict` of tools and schemas."""
    searches: bool = False
    """Whether it answers with the sources that it found."""
    stream_options: bool = True
    """Whether usage of a stream must be asked for."""


COMPATIBLE = Dialect()
OPENAI = Dialect(tokens_member="max_completion_tokens", has_tiers=True, always={"store": False})
"""Source: the OpenAI API reference, "Create chat completion": `max_completion_tokens` bounds reasoning, too; `store` keeps an
answer at OpenAI; without `service_tier` a project's own setting decides the price."""
