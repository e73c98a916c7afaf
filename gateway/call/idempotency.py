"""PURE: a caller's idempotency key: how it is read, what it is compared by, and what becomes of it when its call has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from typing import TYPE_CHECKING

from gateway.refusals import BEDROCK_FORMATS, Refusal

if TYPE_CHECKING:
    from gateway.call.call import Call

HEADER = b"idempotency-key"
AWS_HEADER = b"amz-sdk-invocation-id"
"""The same over all attempts of one operation, and another for each operation. Sources: AWS SDKs and Tools Reference Guide,
"Retry behavior"; botocore/endpoint.py `prepare_request` and botocore/handlers.py `add_retry_headers`; aws-sdk-js-v3
`middleware-retry`."""
MAX_LENGTH = 255
"""Characters of a key. Source: Stripe's API reference, "Idempotent requests", which others follow."""
OUTCOMES = ("made", "replayed", "reused", "in_use", "spent", "taken_over")
"""What comes of a request with a key, as it is counted."""
_CHANGE_THE_CALL = (b"x-gatehouse-", b"x-amzn-bedrock-", b"anthropic-")
"""Headers by how they begin: what else a caller says of a call than its body."""
_DIGEST_BYTES = 16
_MAY_BE_SENT_AGAIN = frozenset({408, 409, 425, 429})
"""Besides those from 500 on: what SDKs try again of themselves."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key as it is known by: keyed hashes of it, and of the request that it came with."""

    key_digest: bytes
    request_digest: bytes


def key_of(headers: Mapping[bytes, bytes], wire_format: str, *, takes_invocations: bool) -> bytes | None:
    """The caller's key; None for a call without. Refusal invalid_request for one that can't be taken.

    With `takes_invocations` an AWS SDK's id of an operation is one, where the caller sends none.
    """
    given = given_key(headers)
    if given is None:
        if takes_invocations and wire_format in BEDROCK_FORMATS and (found := headers.get(AWS_HEADER)):
            return b"aws:" + found[:MAX_LENGTH]
        return None
    return b"key:" + given


def given_key(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The key as a caller sends it; None for none. Refusal invalid_request for one that can't be taken."""
    given = headers.get(HEADER)
    if given is None:
        return None
    try:
        text = given.decode()
    except UnicodeDecodeError:
        text = given.decode("latin-1")
    if not (0 < len(text) <= MAX_LENGTH and text.isprintable()):
        raise Refusal(
            "invalid_request",
            f"The header Idempotency-Key must have 1 to {MAX_LENGTH} printable characters. Send a fresh UUID with each call, "
            "and the same again when the call is retried.",
            param="Idempotency-Key",
        )
    return given


def digests(
    key: bytes, *, path: bytes, query: bytes, headers: Mapping[bytes, bytes], body: bytes, secret: bytes
) -> IdempotencyKey:
    """What a key and its request are known by. `secret` is the team's: nothing can be told from the hashes without it."""
    return IdempotencyKey(
        key_digest=blake2b(b"idempotency" + key, key=secret, digest_size=_DIGEST_BYTES).digest(),
        request_digest=request_digest(path=path, query=query, headers=headers, body=body, secret=secret),
    )


def request_digest(
    *, path: bytes, query: bytes, headers: Mapping[bytes, bytes], body: bytes, secret: bytes
) -> bytes:
    """What a request is compared by with another that came with its key: all that changes the call."""
    request = blake2b(key=secret, digest_size=_DIGEST_BYTES)
    said = sorted((name, value) for name, value in headers.items() if name.startswith(_CHANGE_THE_CALL))
    for part in (path, query, *(part for pair in said for part in pair), body):
        request.update(len(part).to_bytes(8) + part)
    return request.digest()


class Ending(Enum):
    """What becomes of a key whose call has ended."""

    KEPT = auto()
    """The answer is kept, for whoever sends the key again."""
    FREE = auto()
    """The next request with the key is a call like the first."""


def ending_of(call: Call) -> Ending:
    """An answer is kept; and an error where the call was charged and would only be charged again: the answer broke a rule.

    Free is what was refused before it cost anything, and what SDKs try again: the caller was told that there is no answer.
    """
    refusal = call.refusal
    if refusal is None:
        return Ending.FREE if call.is_cancelled else Ending.KEPT
    if call.charge.cost_nanos == 0:
        return Ending.FREE
    may_come = refusal.may_retry and (refusal.status >= 500 or refusal.status in _MAY_BE_SENT_AGAIN)
    return Ending.FREE if may_come else Ending.KEPT


def reused() -> Refusal:
    """Another request came with the key first (draft-ietf-httpapi-idempotency-key-header-07, section 2.7: 422)."""
    return Refusal(
        "idempotency_key_reused",
        "This Idempotency-Key came with another request before: another address, body, or header that changes the call. Send a "
        "fresh key with each call, and the same only when you send the same call again.",
        param="Idempotency-Key",
        may_retry=False,
    )


def in_use(seconds: float) -> Refusal:
    """The first call goes on for longer than this one waits for it (the same draft: 409)."""
    return Refusal(
        "idempotency_key_in_use",
        f"The first call with this Idempotency-Key is still under way after {seconds:.0f} s. Send the same call again later: it "
        "gets that answer, and is charged once.",
        param="Idempotency-Key",
        retry_after=10,
    )


def not_made() -> Refusal:
    """Whoever came first with the key left before the call was made."""
    text = "The first call with this Idempotency-Key was not made. Please try again."
    return Refusal("overloaded", text, retry_after=1)


def spent() -> Refusal:
    """The call was made, and its answer is not to be had again."""
    return Refusal(
        "idempotency_key_spent",
        "The call with this Idempotency-Key was made and charged, and its answer is not kept: your team's policy or "
        "installation keeps none, its key was erased, or it could not be stored. Send a fresh key to ask again.",
        param="Idempotency-Key",
        may_retry=False,
    )
