from collections.abc import Awaitable, Generator
from functools import partial

from gateway.call import Call
from gateway.call.checks import InputCheck
from gateway.guards import judge
from gateway.records.bodies import keep_raw
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.texts import rewrite, texts_of
from governance.privacy.policy.detection import Found
from governance.privacy.policy.kinds import title
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.detector import NamesUnavailableError
from kernel.breath import Breath

_AT_ONCE = 800
"""Characters that were not seen before and are looked through without letting the event loop go."""


def redact(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Puts placeholders in the place of personal data, everywhere the model could read it, as the policies in force say.

    Refusal `pii_blocked` where a rule says so; `overloaded` where names can't be looked for and the policy wants them.
    """
    assert call.key is not None
    rules = call.rules
    if call.is_large or rules.effective.guardrails:
        return _redact_in_steps(call, gateway, rules)
    texts = [text for several in texts_of(call.conversation) for text in several]
    fresh = [text for text in dict.fromkeys(texts) if gateway.detector.recall(rules, text) is None]
    if fresh and (rules.names or sum(map(len, fresh)) > _AT_ONCE):
        return _redact_fresh(call, gateway, rules, texts, fresh)
    _finish(call, gateway, rules, {}, texts, names_read=True)
    for _ in _hide(call):
        pass
    _check(call)
    return None


async def _redact_in_steps(call: Call, gateway: Gateway, rules: RuleSet) -> None:
    texts: list[str] = []
    fresh: list[str] = []
    async with Breath() as breath:
        for several in texts_of(call.conversation):
            texts += several
            await breath.draw()
        for text in dict.fromkeys(texts):
            if gateway.detector.recall(rules, text) is None:
                fresh.append(text)
            await breath.draw()
    await _redact_fresh(call, gateway, rules, texts, fresh)


async def _redact_fresh(
    call: Call, gateway: Gateway, rules: RuleSet, texts: list[str], fresh: list[str]
) -> None:
    judged = await judge(call, gateway, fresh)
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
    _finish(call, gateway, rules, detected.found, texts, names_read=detected.names_read)
    async with Breath() as breath:
        await breath.through(_hide(call))
    _check(call)


def _finish(
    call: Call,
    gateway: Gateway,
    rules: RuleSet,
    found: dict[str, Found],
    texts: list[str],
    *,
    names_read: bool,
) -> None:
    assert call.key is not None
    call.storage = rules.storage
    keep_raw(call)
    call.mask = Mask(
        key=call.key.team.placeholder_key, rules=rules, find=partial(gateway.detector.found, rules)
    )
    call.mask.known = found
    call.checks.policies = rules.effective.sources
    call.checks.input = InputCheck(
        characters=sum(map(len, texts)),
        read_characters=sum(map(len, texts)) if rules.names and names_read else 0,
        wants_names=rules.names,
    )


def _hide(call: Call) -> Generator[None, None, None]:
    assert call.mask is not None
    yield from rewrite(call.conversation, call.mask.hide, call.mask.hide_json)
    call.is_hidden = True  # only now: what is stored of a call is redacted whole, or nothing
    call.findings = dict(call.mask.counts)  # of the request: what the answer adds is counted apart


def _check(call: Call) -> None:
    assert call.mask is not None
    if call.mask.blocked:
        kinds = ", ".join(f"{title(entity)} ({count})" for entity, count in sorted(call.mask.blocked.items()))
        raise Refusal(
            "pii_blocked",
            f"The request holds data that must not be sent to a model: {kinds}. Take it out and send the request again.",
        )
