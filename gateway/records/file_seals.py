"""Pieces of files, sealed under their team's key and opened again: each for its place in its file, and for no other."""

import asyncio
from uuid import UUID

from gateway.records.keyring import KeyRing
from governance.records.policy import NONCE_BYTES, SealBrokenError, seal, unseal
from kernel.ids import random_bytes


def sealed_chunk(plain: bytes, *, key: bytes, file_id: UUID, team_id: int, number: int) -> bytes:
    """A piece as it is kept."""
    nonce = random_bytes(NONCE_BYTES)
    return seal(plain, key=key, call_id=file_id, team_id=team_id, nonce=nonce, purpose=_purpose(number))


async def opened_chunk(
    found: bytes, *, generation: int, file_id: UUID, team_id: int, number: int, keyring: KeyRing
) -> bytes | None:
    """A piece as it was; None where its key is erased, or can't be had now."""
    key = await keyring.of_generation(team_id, generation)
    if key is None:
        return None

    def read() -> bytes:
        return unseal(found, key=key, call_id=file_id, team_id=team_id, purpose=_purpose(number))

    try:
        return await asyncio.to_thread(read)
    except SealBrokenError:
        return None


def _purpose(number: int) -> bytes:
    return b"file %d" % number
