"""Adds images, documents and recordings of a body to the prompt of a turn."""

from typing import Any

from embedded.simulator.billing.documents import RECORDING, bill
from embedded.simulator.billing.images import image_tokens
from embedded.simulator.strict.media import decoded, image_size
from embedded.simulator.turns import SimulatedTurn


def add_image(turn: SimulatedTurn, encoded: Any) -> None:
    """An image, in base64; or one that stands elsewhere, for which there is a written figure."""
    data = decoded(encoded)
    turn.prompt.add_medium("", image_tokens(turn.model.model_id, image_size(data)), data)


def add_document(turn: SimulatedTurn, name: str, encoded: Any, kind: str, *, seen: bool) -> None:
    """A document in base64. `seen`: whether its pages are looked at, beside their text."""
    data = decoded(encoded)
    billed = bill(data, kind, turn.model.model_id, seen=seen)
    turn.prompt.add_medium(f"<document {name}>\n{billed.text}", billed.tokens, data)


def add_recording(turn: SimulatedTurn, encoded: Any) -> None:
    """A video or a sound: how long it is, isn't looked at."""
    turn.prompt.add_medium("", RECORDING, decoded(encoded))
