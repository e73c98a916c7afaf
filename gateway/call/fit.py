"""PURE: a request as one model takes it, and what was changed for that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from gateway.catalogue.capability import Capability
from gateway.catalogue.rules import Actions
from gateway.conversation import Conversation

_PLAIN = re.compile(r"[a-z0-9_.;=-]{1,60}")


class Adjustment(msgspec.Struct, frozen=True):
    """What was changed: the member as the caller names it, what was done, and the new value where one says more."""

    member: str
    what: str
    value: str = ""

    def __str__(self) -> str:
        """As header and record say it. A value that may be a caller's words, since it is no number and no word of a format's, is
        left out."""
        value = self.value if _PLAIN.fullmatch(self.value) else ""
        return f"{self.member}; {self.what}={value}" if value else f"{self.member}; {self.what}"


@dataclass(frozen=True, slots=True)
class Fit:
    """A request as one model takes it."""

    conversation: Conversation
    capability: Capability
    actions: Actions
    adjustments: tuple[Adjustment, ...] = ()
    original_names: Mapping[str, str] = field(default_factory=dict)
    """Of tools, by the alias that the model knows."""
    defaults: tuple[float | None, float | None] | None = None
    """Temperature and top_p that the request was given where it had none."""
    output_mode: str = ""
    """How the model is held to a schema: native, tool or words; "" where it is to none."""
