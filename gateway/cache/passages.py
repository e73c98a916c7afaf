"""Passages that a question found, as they are kept."""

import msgspec

from prompts.knowledge.policy.knowledge import Passage, Retrieved

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(tuple[list[Passage], float])


def encode(found: Retrieved) -> bytes:
    return _encode((found.passages, found.confidence))


def decode(kept: bytes) -> Retrieved:
    """Raises msgspec.MsgspecError for what is none."""
    passages, confidence = _decoder.decode(kept)
    return Retrieved(tuple(passages), confidence)
