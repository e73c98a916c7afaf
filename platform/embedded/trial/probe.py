"""A probe: one request, and what of its answer is compared."""

from dataclasses import dataclass
from typing import Any

SHAPES = "shapes"
"""In place of a rule's name: botocore's model of the service."""
ANTHROPIC = ("anthropic",)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that is sent to both sides.

    `simulator` is the rule of the simulator it is about, `gateway` the rule of a deployment, `capability` the field of the
    model's page. Whether it is taken, and by which exception it is refused, is always compared; of the answer, which is a
    model's and never the same twice, only whether it `shows` some marks, and of the message whether it `tells` some words.
    """

    name: str
    sends: str
    body: dict[str, Any]
    simulator: str = ""
    gateway: str = ""
    capability: str = ""
    operation: str = "Converse"
    shows: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    by_base_id: bool = False
    by_profile: bool = False
    is_dear: bool = False
    """Sent last: what is left of the money may not do for it."""
    is_refused_anyway: bool = False
    """It breaks a second rule that nobody doubts, so that no answer is paid for."""
    pages: int = 0
    """Of documents and images, for the bound of what it costs."""

    @property
    def names(self) -> frozenset[str]:
        """What it can be chosen by."""
        return frozenset({self.name, self.simulator, self.gateway} - {""})
