"""What is kept of a job, sealed under its team's key and opened again."""

import asyncio
from typing import TypeVar
from uuid import UUID

import msgspec

from gateway.call.job import JobAnswer, JobRequest
from gateway.records.keyring import KeyRing
from governance.records.policy import NONCE_BYTES, SealBrokenError, seal, unseal
from kernel.ids import random_bytes

_PURPOSES: dict[type, bytes] = {JobRequest: b"job request", JobAnswer: b"job answer"}
_LARGE = 256 * 1024
_Kept = TypeVar("_Kept", JobRequest, JobAnswer)


async def sealed(
    value: JobRequest | JobAnswer, *, job_id: UUID, team_id: int, keyring: KeyRing
) -> tuple[bytes, int] | None:
    """The value sealed, and the generation of the key; None where the team's key can't be had."""
    key = await keyring.get(team_id)
    if key is None:
        return None
    plain, purpose = msgspec.msgpack.encode(value), _PURPOSES[type(value)]

    def make() -> bytes:
        nonce = random_bytes(NONCE_BYTES)
        return seal(plain, key=key.key, call_id=job_id, team_id=team_id, nonce=nonce, purpose=purpose)

    return (await asyncio.to_thread(make) if len(plain) > _LARGE else make()), key.generation


async def opened(
    kind: type[_Kept], found: bytes, *, generation: int, job_id: UUID, team_id: int, keyring: KeyRing
) -> _Kept | None:
    """What was sealed; None where its key is erased, or can't be had now."""
    key = await keyring.of_generation(team_id, generation)
    if key is None:
        return None

    def read() -> bytes:
        return unseal(found, key=key, call_id=job_id, team_id=team_id, purpose=_PURPOSES[kind])

    try:
        plain = await asyncio.to_thread(read) if len(found) > _LARGE else read()
    except SealBrokenError:
        return None
    return msgspec.msgpack.decode(plain, type=kind)
