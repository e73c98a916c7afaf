"""PURE: the answer to a call with an idempotency key, packed and sealed under its team's key."""

import zlib
from uuid import UUID

import msgspec

from governance.records.policy import seal, unseal

_PURPOSE = b"answer"


class Answer(msgspec.Struct, frozen=True):
    """An answer as its caller saw it."""

    status: int
    code: str
    """The error's, where it is one."""
    headers: list[tuple[str, str]]
    body: bytes
    call_id: UUID
    """The call that was made for it."""


def sealed(answer: Answer, *, key: bytes, call_id: UUID, team_id: int, nonce: bytes) -> bytes:
    """It opens for this call and team alone; `call_id` is that of the claim."""
    plain = zlib.compress(msgspec.msgpack.encode(answer), level=1)  # streams say the same around every token
    return seal(plain, key=key, call_id=call_id, team_id=team_id, nonce=nonce, purpose=_PURPOSE)


def opened(data: bytes, *, key: bytes, call_id: UUID, team_id: int) -> Answer:
    """What was sealed. Raises SealBrokenError."""
    plain = unseal(data, key=key, call_id=call_id, team_id=team_id, purpose=_PURPOSE)
    return msgspec.msgpack.decode(zlib.decompress(plain), type=Answer)
