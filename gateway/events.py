"""PURE: what a reply is made of, the same for a whole answer and for a stream."""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]


class Event(msgspec.Struct, frozen=True):
    """One step of a reply. `index` numbers the content block it belongs to."""


class TextDelta(Event, frozen=True):
    index: int
    text: str


class ReasoningDelta(Event, frozen=True):
    """A piece of the model's reasoning; `data` is its opaque, base64 form where the model hides it."""

    index: int
    text: str = ""
    signature: str = ""
    data: str = ""


class ToolStart(Event, frozen=True):
    index: int
    tool_use_id: str
    name: str


class ToolDelta(Event, frozen=True):
    """A piece of the JSON text of a tool's arguments."""

    index: int
    arguments: str


class Citations(Event, frozen=True):
    """Sources of the text of this block, in Converse's shape: some of them, or none where the block only may have some."""

    index: int
    found: list[Json]


class Raw(Event, frozen=True):
    """What Gatehouse has no kind for, as it came: a whole block, or its start or a delta of it in a stream.

    `text` is what of it people can read; empty where there is nothing.
    """

    index: int
    place: Literal["block", "start", "delta"]
    data: Json
    text: str = ""

    @property
    def kind(self) -> str:
        """The name that Converse has for it."""
        return next(iter(self.data), "")


class Vector(Event, frozen=True):
    """An embedding of the text of this index, and the tokens that it and those before in its batch were billed for."""

    index: int
    values: list[float]
    tokens: int
    by_type: Json | None = None
    """Its other forms, by name, where some were asked for."""


class Score(Event, frozen=True):
    """How much the document of this index has to do with the query, from 0 to 1."""

    index: int
    value: float


class BlockStop(Event, frozen=True):
    index: int


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the provider bills them. `input` excludes what was read from or written to the prompt cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output + self.cache_read + self.cache_write + self.cache_write_1h

    @property
    def prompt(self) -> int:
        """All tokens of the prompt, cached or not."""
        return self.total - self.output


def added(*several: Usage) -> Usage:
    """All of these as one."""
    return Usage(**{name: sum(getattr(each, name) for each in several) for name in Usage.__struct_fields__})


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What Converse says at the end of an answer besides, as it came. None where it does not."""

    response_fields: Any = None
    trace: Any = None
    performance_config: Any = None
    service_tier: Any = None
    cache_details: Any = None


class Finished(Event, frozen=True):
    """The last event of a reply that ended well: why it stopped, in Converse's words, and what it used."""

    stop_reason: str
    usage: Usage
    latency_ms: int = 0
    tier: str | None = None
    """The price tier served, as prices name them; None where the provider does not say."""
    stop_sequence: str = ""
    """Which stop sequence ended the answer, where that was asked for and the provider says so."""
    extras: Extras | None = None
    is_cut: bool = False
    """Whether the answer was ended here, so that nobody has said what it used."""
