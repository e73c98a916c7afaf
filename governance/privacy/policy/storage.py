"""PURE: how much of what was said in a call is stored, and for how long."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

Bodies = Literal["redacted", "raw", "none"]
KeepOn = Literal["findings", "errors", "flags", "feedback"]
ALWAYS: frozenset[KeepOn] = frozenset({"findings", "errors", "flags", "feedback"})


class Extent(StrEnum):
    """How much of a call is stored."""

    WHOLE = "whole"
    FOR_NOW = "for_now"  # whole, and let go after a while unless it is marked to stay
    METADATA = "metadata"  # its record alone


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePolicy:
    """What is kept of bodies: in which form, of how many in a hundred calls, and of which always."""

    bodies: Bodies = "redacted"
    sample_percent: int = 100
    keep_on: frozenset[KeepOn] = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """What becomes of one call. `is_raw`: what was said before masking is stored too, under encryption."""

    extent: Extent
    is_raw: bool = False


NOTHING = Storing(extent=Extent.METADATA)


def decide_storage(
    policy: StoragePolicy, *, call_id: UUID, has_findings: bool, is_error: bool, is_flagged: bool
) -> Storing:
    """What to store of a call that has ended. The same call gets the same answer wherever it is asked."""
    if policy.bodies == "none":
        return NOTHING
    kept = {"findings": has_findings, "errors": is_error, "flags": is_flagged}
    if is_sampled(call_id, policy.sample_percent) or any(kept.get(name) for name in policy.keep_on):
        extent = Extent.WHOLE
    elif "feedback" in policy.keep_on:  # which comes later than the call
        extent = Extent.FOR_NOW
    else:
        return NOTHING
    return Storing(extent=extent, is_raw=policy.bodies == "raw")


def is_sampled(call_id: UUID, percent: int) -> bool:
    """Whether a call is among so many in a hundred. Who is among few is among more, too."""
    if percent >= 100:
        return True
    digest = hashlib.blake2b(call_id.bytes, digest_size=8, person=b"gh-sample").digest()
    return int.from_bytes(digest) % 100 < percent
