"""PURE: which folders and S3 addresses documents may be read from."""

import posixpath
from collections.abc import Iterable


def is_allowed(address: str, allowed: Iterable[str]) -> bool:
    """Whether an address is one of those allowed or below one; both as `/folder` or `s3://bucket/prefix`."""
    place = _place(address)
    return place is not None and any(
        place == root or place[: len(root)] == root for root in map(_place, allowed) if root is not None
    )


def is_s3(address: str) -> bool:
    """Whether it is in S3, rather than a folder."""
    return address.startswith("s3://")


def _place(address: str) -> tuple[str, ...] | None:
    """An address as its parts; None for what is neither absolute nor in S3, and for what leads upwards."""
    kind, rest = ("s3", address.removeprefix("s3://")) if is_s3(address) else ("file", address)
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if ".." in parts or (kind == "file" and not posixpath.isabs(rest)) or not parts:
        return None
    return (kind, *parts)
