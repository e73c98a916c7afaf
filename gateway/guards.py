"""Bedrock guardrails that a policy names, asked about texts before they are sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.call import Call
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.privacy.policy.engines import Block, EngineFailedError
from governance.screening.policy.findings import Finding


@dataclass(frozen=True, slots=True)
class Judged:
    """What guardrails found in each text, and whether all of them answered."""

    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    is_complete: bool = True


_NOTHING = Judged()


async def judge(call: Call, gateway: Gateway, texts: list[str]) -> Judged:
    """Asks each guardrail in force. Refusals: `content_blocked` by its verdict; `overloaded` when it can't be asked.

    Where policy says so, a call goes on without a guardrail that can't be asked, and its record says so.
    """
    assert call.key is not None
    effective = call.rules.effective
    if not effective.guardrails or not texts:
        return _NOTHING
    findings: dict[str, list[Finding]] = {text: [] for text in texts}
    is_complete = True
    for guardrail_id, version in effective.guardrails:
        region = _region_of(guardrail_id) or call.deployments[0].region
        try:
            found = await gateway.guardrails.find(
                texts, guardrail_id=guardrail_id, version=version, region=region, source="INPUT"
            )
        except EngineFailedError as error:
            call.checks.guardrail = error.failure.value
            call.checks.guardrail_units.update(error.billed)
            if effective.guardrail_failure == "block":
                raise Refusal(
                    "overloaded",
                    "This call must be looked at by a guardrail before it is sent, and the guardrail can't be asked right now. Try again shortly.",
                    retry_after=1,
                ) from error
            is_complete = False
            continue
        call.checks.guardrail = call.checks.guardrail or "passed"
        call.checks.guardrail_units.update(found.billed)
        if found.blocks:
            call.checks.guardrail = "blocked"
            raise Refusal(
                "content_blocked", f"A guardrail does not let this request pass: {_words(found.blocks)}."
            )
        for text, several in zip(texts, found, strict=True):
            findings[text] += several
    return Judged(findings, is_complete)


def _region_of(guardrail_id: str) -> str:
    """The region in an ARN; "" of a bare id, which is looked for where the model is."""
    parts = guardrail_id.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def _words(blocks: Sequence[Block]) -> str:
    return ", ".join(sorted({f"{block.kind} {block.name}".strip() for block in blocks}))
