"""PURE: what a batch is asked for (OpenAI's API reference, "Create batch")."""

import re
from dataclasses import dataclass
from typing import Any

from gateway.batches.policy.lines import ENDPOINTS

WINDOW = "24h"
WINDOW_SECONDS = 86_400
MIN_KEPT_SECONDS, MAX_KEPT_SECONDS = 3600, 2_592_000
"""For how long a caller may have files kept (OpenAI's API reference, `expires_after`)."""
_MAX_PAIRS, _MAX_KEY, _MAX_VALUE = 16, 64, 512
_SECONDS = re.compile(r"[1-9][0-9]{0,8}")
_MEMBERS = frozenset({"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"})


class TermsError(ValueError):
    """What was asked can't be had: a sentence, and the member that it lies with."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    input_file: str
    endpoint: str
    metadata: dict[str, str] | None
    output_seconds: int | None


def terms_of(found: Any) -> Terms:
    """The terms of a batch, by the body of the request. Raises TermsError."""
    if not isinstance(found, dict):
        raise TermsError("The body is a JSON object.", "")
    for name in found:
        if name not in _MEMBERS:
            raise TermsError(f"'{name[:60]}' is not known here.", name[:60])
    input_file, endpoint = found.get("input_file_id"), found.get("endpoint")
    if not isinstance(input_file, str):
        raise TermsError(
            "'input_file_id' is the id of a file that was uploaded with purpose 'batch'.", "input_file_id"
        )
    if endpoint not in ENDPOINTS:
        raise TermsError(f"'endpoint' is one of {', '.join(ENDPOINTS)}.", "endpoint")
    if found.get("completion_window") != WINDOW:
        raise TermsError(f"'completion_window' is '{WINDOW}'.", "completion_window")
    return Terms(
        input_file=input_file,
        endpoint=endpoint,
        metadata=_metadata(found.get("metadata")),
        output_seconds=kept_seconds(found.get("output_expires_after"), "output_expires_after"),
    )


def _metadata(found: Any) -> dict[str, str] | None:
    if found is None:
        return None
    fits = isinstance(found, dict) and len(found) <= _MAX_PAIRS and all(
        len(key) <= _MAX_KEY and isinstance(value, str) and len(value) <= _MAX_VALUE for key, value in found.items()
    )  # fmt: skip
    if not fits:
        told = f"'metadata' is an object of up to {_MAX_PAIRS} texts, keys of {_MAX_KEY} and values of {_MAX_VALUE} characters."
        raise TermsError(told, "metadata")
    return {key.replace("\0", ""): value.replace("\0", "") for key, value in found.items()}


def kept_seconds(found: Any, param: str) -> int | None:
    """For how long a file is to be kept: `{"anchor": "created_at", "seconds": …}`. Raises TermsError."""
    if found is None:
        return None
    seconds = found.get("seconds") if isinstance(found, dict) else None
    if isinstance(seconds, str) and _SECONDS.fullmatch(seconds):  # of a form
        seconds = int(seconds)
    if (
        not isinstance(found, dict)
        or found.get("anchor") != "created_at"
        or not isinstance(seconds, int)
        or not MIN_KEPT_SECONDS <= seconds <= MAX_KEPT_SECONDS
    ):
        told = f"'{param}' has 'anchor' created_at and 'seconds' from {MIN_KEPT_SECONDS:,} to {MAX_KEPT_SECONDS:,}."
        raise TermsError(told, param)
    return seconds
