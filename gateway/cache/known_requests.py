"""What requests came to that were answered from the cache: their digests, and all that masking, screening and fitting made of
them. The same request under the same snapshot comes to the same again, so that it need not be looked through once more.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from gateway.call import Call
from gateway.conversation import encode

if TYPE_CHECKING:
    from gateway.call.checks import Checks
    from gateway.call.fit import Fit
    from gateway.call.groups import Redacted
    from gateway.conversation import Conversation
    from gateway.snapshot.state import Snapshot
    from governance.screening.policy.leaks import SystemPrompt
    from prompts.registry.policy.output_contract import Contract

_MAX_KNOWN = 1000
_MAX_BYTES = 16 * 1024
_MAX_BYTES_OF_ALL = 4 * 1024 * 1024
"""Of all requests that are remembered, as they came. What they came to takes several times as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """What one came to."""

    digest: bytes
    body_bytes: int
    conversation: Conversation
    redacted: Redacted
    checks: Checks
    system_prompt: SystemPrompt | None
    marks: str | None
    fit: Fit | None
    contract: Contract | None

    def restore(self, call: Call) -> None:
        """Makes the call what it would be, had it been looked through."""
        known, checks = self.checks, call.checks
        checks.policies, checks.input, checks.screening = known.policies, known.input, known.screening
        call.conversation, call.fit, call.contract = self.conversation, self.fit, self.contract
        call.system_prompt, call.marks = self.system_prompt, self.marks
        call.redacted = replace(self.redacted, mask=self.redacted.mask.again())


class KnownRequests:
    """Of one process and its latest snapshot, in memory alone; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, KnownRequest] = OrderedDict()
        self._bytes = 0
        self._snapshot: Snapshot | None = None

    def key_of(self, call: Call) -> bytes:
        """What a request is known by before it is looked through; empty where what it comes to is not its own words alone."""
        effective, request = call.rules.effective, call.request
        is_plain = (
            request.prompt is None
            and request.kind == "text"
            and call.response is None
            and call.body_bytes < _MAX_BYTES
            and effective.documents == "pass"
            and not effective.guardrails
            and call.rules.storage.bodies != "raw"
            and not (call.places is not None and call.places.web_images)
        )
        if not is_plain:
            return b""
        parts: tuple[Any, ...] = (
            call.rules.fingerprint,
            call.key.team.id,
            call.routed.route.name,
            call.deployment.id,
            request.wire_format,
        )
        said = encode(call.conversation) + repr(parts).encode() + repr(call.asked_output).encode()
        return blake2b(said, key=call.key.team.placeholder_key[:64], digest_size=16).digest()

    def recall(self, key: bytes, snapshot: Snapshot) -> KnownRequest | None:
        """A request that is known under this snapshot."""
        self._go_by(snapshot)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def keep(self, key: bytes, call: Call, snapshot: Snapshot, digest: bytes) -> None:
        """Remembers what a call came to that has got as far as its answer, and began under this snapshot."""
        if snapshot is not self._snapshot:
            return
        self._forget(key)
        self._known[key] = KnownRequest(
            digest=digest,
            body_bytes=call.body_bytes,
            conversation=call.conversation,
            redacted=replace(call.redacted, mask=call.redacted.mask.again(), raw_request=b""),
            checks=copy(call.checks),
            system_prompt=call.system_prompt,
            marks=call.marks,
            fit=call.fit,
            contract=call.contract,
        )
        self._bytes += call.body_bytes
        while len(self._known) > _MAX_KNOWN or self._bytes > _MAX_BYTES_OF_ALL:
            self._forget(next(iter(self._known)))

    def _forget(self, key: bytes) -> None:
        if (known := self._known.pop(key, None)) is not None:
            self._bytes -= known.body_bytes

    def _go_by(self, snapshot: Snapshot) -> None:
        """Forgets all that belongs to another snapshot, and that snapshot with it: each is as large as all settings."""
        if snapshot is not self._snapshot:
            self._known.clear()
            self._bytes, self._snapshot = 0, snapshot
