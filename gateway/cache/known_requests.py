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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    snapshot: Snapshot
    digest: bytes
    conversation: Conversation
    redacted: Redacted
    checks: Checks
    system_prompt: SystemPrompt | None
    marks: str | None
    fit: Fit | None
    contract: Contract | None


class KnownRequests:
    """Of one process, in memory alone; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

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

    def recall(self, key: bytes, snapshot: Snapshot) -> bytes:
        """The digest of a request that is known; empty where it is not."""
        known = self._known.get(key)
        return b"" if known is None or known.snapshot is not snapshot else known.digest

    def restore(self, key: bytes, call: Call) -> None:
        """Makes the call what it would be, had it been looked through."""
        known = self._known[key]
        self._known.move_to_end(key)
        checks = call.checks
        checks.policies, checks.input, checks.screening = (
            known.checks.policies,
            known.checks.input,
            known.checks.screening,
        )
        call.conversation, call.fit, call.contract = known.conversation, known.fit, known.contract
        call.system_prompt, call.marks = known.system_prompt, known.marks
        call.redacted = replace(known.redacted, mask=known.redacted.mask.again())

    def keep(self, key: bytes, call: Call, snapshot: Snapshot, digest: bytes) -> None:
        """Remembers what a call came to that has got as far as its answer."""
        self._known[key] = _Known(
            snapshot=snapshot,
            digest=digest,
            conversation=call.conversation,
            redacted=replace(call.redacted, mask=call.redacted.mask.again(), raw_request=b""),
            checks=copy(call.checks),
            system_prompt=call.system_prompt,
            marks=call.marks,
            fit=call.fit,
            contract=call.contract,
        )
        self._known.move_to_end(key)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
