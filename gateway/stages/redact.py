from collections.abc import Awaitable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.call import Call
from gateway.call.checks import InputCheck
from gateway.call.groups import Redacted
from gateway.records.bodies import raw_request
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.claims import check_claims
from gateway.wire.joins import join_values
from gateway.wire.texts import rewrite, texts_of
from governance.privacy.policy.detection import TextHits
from governance.privacy.policy.engines import EngineBlock, EngineFailedError
from governance.privacy.policy.kinds import title
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.placeholders import LITERAL
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.policy.storage import StoragePolicy
from governance.privacy.services.detector import NamesUnavailableError
from governance.screening.policy.findings import Finding
from kernel.breath import Breath

_AT_ONCE = 800
"""Characters that were not seen before and are looked through without letting the event loop go."""


def redact(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Puts placeholders in the place of personal data, everywhere the model could read it, as the policies in force say.

    Refusal `pii_blocked` where a rule says so; `overloaded` where names can't be looked for and the policy wants them.
    """
    rules = call.rules
    raw = raw_request(call.conversation, rules.storage)
    if call.is_large or rules.effective.guardrails:
        return _redact_in_steps(call, gateway, rules, raw)
    asked: dict[str, str] = {}
    for _ in _join(call, gateway, rules, asked):
        pass
    texts = [text for several in texts_of(call.conversation) for text in several]
    known: dict[str, TextHits] = {}
    fresh = [text for text in dict.fromkeys(texts) if not _is_known(gateway, rules, text, known)]
    if fresh and (rules.names or sum(map(len, fresh)) > _AT_ONCE):
        return _redact_fresh(call, gateway, rules, texts, fresh, known, raw, asked)
    mask = _mask(call, gateway, rules, known, texts, asked, names_read=True)
    for _ in _hide(call, mask, rules.storage, raw):
        pass
    _check(call)
    return None


def _join(call: Call, gateway: Gateway, rules: RuleSet, asked: dict[str, str]) -> Generator[None, None, None]:
    """Values that the end of a part or a message cuts in two become whole where they begin."""

    def hidden(text: str) -> Iterator[tuple[int, int]]:
        found = gateway.detector.found(rules, text)
        for hit in (*found.to_model, *found.to_log):
            if hit.action != "log" and hit.entity != LITERAL:
                yield hit.start, hit.end

    yield from join_values(call.conversation, hidden, asked)


async def _redact_in_steps(call: Call, gateway: Gateway, rules: RuleSet, raw: bytes) -> None:
    texts: list[str] = []
    fresh: list[str] = []
    known: dict[str, TextHits] = {}
    asked: dict[str, str] = {}
    async with Breath() as breath:
        await breath.through(_join(call, gateway, rules, asked))
        for several in texts_of(call.conversation):
            texts += several
            await breath.draw()
        for text in dict.fromkeys(texts):
            if not _is_known(gateway, rules, text, known):
                fresh.append(text)
            await breath.draw()
    await _redact_fresh(call, gateway, rules, texts, fresh, known, raw, asked)


def _is_known(gateway: Gateway, rules: RuleSet, text: str, known: dict[str, TextHits]) -> bool:
    """Whether a text was looked through before; then `known` gets what was found."""
    found = gateway.detector.recall(rules, text)
    if found is None:
        return False
    known[text] = found
    return True


async def _redact_fresh(
    call: Call,
    gateway: Gateway,
    rules: RuleSet,
    texts: list[str],
    fresh: list[str],
    known: dict[str, TextHits],
    raw: bytes,
    asked: dict[str, str],
) -> None:
    judged = await _judge(call, gateway, fresh)
    try:
        detected = await gateway.detector.detect(
            rules, fresh, extra=judged.findings, may_remember=judged.is_complete
        )
    except NamesUnavailableError as error:
        raise Refusal(
            "overloaded",
            "This call must be searched for names before it is sent, and that can't be done right now. Try again shortly.",
            retry_after=1,
        ) from error
    found = known | detected.found
    mask = _mask(call, gateway, rules, found, texts, asked, names_read=detected.names_read)
    async with Breath() as breath:
        await breath.through(_hide(call, mask, rules.storage, raw))
    _check(call)


def _mask(
    call: Call,
    gateway: Gateway,
    rules: RuleSet,
    found: dict[str, TextHits],
    texts: list[str],
    asked: dict[str, str],
    *,
    names_read: bool,
) -> Mask:
    mask = Mask(key=call.key.team.placeholder_key, rules=rules, find=partial(gateway.detector.found, rules))
    mask.known = found
    mask.asked = asked
    call.checks.policies = rules.effective.sources
    characters = sum(map(len, texts))
    check = InputCheck(characters=characters, wants_names=rules.names)
    if rules.names and names_read:
        check.read_characters = sum(found[text].read_characters for text in texts)
        check.ruled_characters = characters - check.read_characters
    call.checks.input = check
    return mask


def _hide(call: Call, mask: Mask, storage: StoragePolicy, raw: bytes) -> Generator[None, None, None]:
    check_claims(call.conversation, call.key.team.placeholder_key, call.places)
    yield from rewrite(call.conversation, mask.hide, mask.hide_json)
    # Only now: what is stored of a call is redacted whole, or nothing. What the answer adds is counted apart.
    call.redacted = Redacted(mask=mask, storage=storage, findings=dict(mask.counts), raw_request=raw)


def _check(call: Call) -> None:
    if call.redacted.mask.blocked:
        kinds = ", ".join(
            f"{title(entity)} ({count})" for entity, count in sorted(call.redacted.mask.blocked.items())
        )
        raise Refusal(
            "pii_blocked",
            f"The request holds data that must not be sent to a model: {kinds}. Take it out and send the request again.",
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    """What guardrails found in each text, and whether all of them answered."""

    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    is_complete: bool = True


_NOTHING = _Judged()


async def _judge(call: Call, gateway: Gateway, texts: list[str]) -> _Judged:
    """Asks each guardrail in force. Refusals: `content_blocked` by its verdict; `overloaded` when it can't be asked.

    Where policy says so, a call goes on without a guardrail that can't be asked, and its record says so.
    """
    effective = call.rules.effective
    if not effective.guardrails or not texts:
        return _NOTHING
    findings: dict[str, list[Finding]] = {text: [] for text in texts}
    is_complete = True
    for guardrail_id, version in effective.guardrails:
        region = _region_of(guardrail_id) or _region(call)
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
            raise Refusal("content_blocked", f"Request blocked by a guardrail: {_words(found.blocks)}.")
        for text, several in zip(texts, found, strict=True):
            findings[text] += several
    return _Judged(findings, is_complete)


def _region_of(guardrail_id: str) -> str:
    """The region in an ARN; "" of a bare id, which is looked for where the model is."""
    parts = guardrail_id.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def _region(call: Call) -> str:
    """Where the call's first model on Bedrock is. Refusal overloaded where it has none: a guardrail's ARN says where it is."""
    found = [*call.routed.deployments, *call.routed.route.deployments]
    region = next((each.region for each in found if each.account is None), None)
    if region is None:
        raise Refusal(
            "overloaded",
            "This call must be looked at by a guardrail, and its model is outside of AWS, so that nothing says where the "
            "guardrail is. An administrator of Gatehouse can name it by its ARN.",
            may_retry=False,
        )
    return region


def _words(blocks: Sequence[EngineBlock]) -> str:
    return ", ".join(sorted({f"{block.kind} {block.name}".strip() for block in blocks}))
