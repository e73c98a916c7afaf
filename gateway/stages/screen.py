from collections.abc import Awaitable, Iterable

from gateway.call import Call
from gateway.call.checks import Screened
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.texts import rewrite_untrusted
from governance.privacy.policy.privacy import SCREENING_ACTIONS, ScreeningAction
from governance.screening.policy.guards import Guards, guards_of
from governance.screening.policy.verdict import ScreeningOutcome, ScreeningVerdict, Thresholds
from governance.screening.services import Item
from kernel.breath import Breath

_AT_ONCE = 800
"""Characters that were not seen before and are screened without letting the event loop go."""
_WORDS = {"user": "the user's text", "document": "a document", "tool": "the result of a tool"}
_IN_ITS_PLACE = "[Removed: it contained injected instructions.]"


def screen(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Looks for instructions that do not belong where they stand: in what users write, in documents, in results of tools.

    Placeholders are in place already, so no verdict tells a value. Refusal `content_blocked` where policy says so.
    """
    screening = call.rules.effective.screening
    actions = {role: getattr(screening, role) for role in _WORDS}
    if not any(actions.values()):
        return None
    thresholds = Thresholds(flag=screening.flag_at, block=screening.block_at)
    if call.is_large:
        return _screen_in_steps(call, gateway, actions, thresholds)
    items = _items(call, actions)
    known = {
        item: verdict for item in items if (verdict := gateway.screener.recall(item, thresholds)) is not None
    }
    fresh = [item for item in items if item not in known]
    if sum(len(item.text) for item in fresh) > _AT_ONCE:
        return _screen_fresh(call, gateway, actions, thresholds, known, fresh)
    for item in fresh:
        known[item] = gateway.screener.screen_at_once(item, thresholds)
    _conclude(call, actions, known)
    return None


async def _screen_in_steps(
    call: Call, gateway: Gateway, actions: dict[str, ScreeningAction], thresholds: Thresholds
) -> None:
    known: dict[Item, ScreeningVerdict] = {}
    fresh: list[Item] = []
    async with Breath() as breath:
        for item in _items(call, actions):
            if (verdict := gateway.screener.recall(item, thresholds)) is not None:
                known[item] = verdict
            else:
                fresh.append(item)
            await breath.draw()
    await _screen_fresh(call, gateway, actions, thresholds, known, fresh)


async def _screen_fresh(
    call: Call,
    gateway: Gateway,
    actions: dict[str, ScreeningAction],
    thresholds: Thresholds,
    known: dict[Item, ScreeningVerdict],
    fresh: list[Item],
) -> None:
    _conclude(call, actions, known | await gateway.screener.screen(fresh, thresholds))


def _items(call: Call, actions: dict[str, ScreeningAction]) -> list[Item]:
    """The texts to screen, each once."""
    items: dict[Item, None] = {}
    guards = _guards(call) if actions["user"] else None

    def note(role: str, text: str) -> str:
        if actions[role] and text:
            own = guards if role == "user" else None
            items[Item(role, text, actions[role] == "strip", own)] = None
        return text

    for _ in rewrite_untrusted(call.conversation, note):
        pass
    return list(items)


def _guards(call: Call) -> Guards | None:
    """What the call's system prompt says to keep: a user who asks for it is no ordinary one."""
    system = call.conversation.system
    return guards_of("\n".join(block.text for block in system if block.text)) if system else None


def _conclude(
    call: Call, actions: dict[str, ScreeningAction], verdicts: dict[Item, ScreeningVerdict]
) -> None:
    for role, action in actions.items():
        own = [(item.text, verdict) for item, verdict in verdicts.items() if item.role == role]
        if own:
            call.checks.screening.append(_summary(role, action, own))
    worst = {
        role: action for role, action in actions.items() if _has(verdicts, role, ScreeningOutcome.INJECTION)
    }
    if any(action not in ("", "log") for role, action in actions.items() if _has_any(verdicts, role)):
        call.checks.is_flagged = True
    if "block" in worst.values():
        blocked = next(role for role, action in worst.items() if action == "block")
        reasons = next(
            verdict.reasons
            for item, verdict in verdicts.items()
            if item.role == blocked and verdict.verdict is ScreeningOutcome.INJECTION
        )
        raise Refusal(
            "content_blocked",
            f"Request blocked: {_WORDS[blocked]} looks like a prompt-injection attempt. {' '.join(reasons[:3])}".strip(),
        )
    if "strip" in worst.values():
        _strip(call, actions, verdicts)


def _strip(call: Call, actions: dict[str, ScreeningAction], verdicts: dict[Item, ScreeningVerdict]) -> None:
    guards = _guards(call) if actions["user"] == "strip" else None

    def without(role: str, text: str) -> str:
        verdict = verdicts.get(Item(role, text, True, guards if role == "user" else None))
        if verdict is None or actions[role] != "strip" or verdict.verdict is not ScreeningOutcome.INJECTION:
            return text
        rest = verdict.strip(text).strip()
        return f"{rest}\n{_IN_ITS_PLACE}" if rest else _IN_ITS_PLACE

    for _ in rewrite_untrusted(call.conversation, without):
        pass


def _has(verdicts: dict[Item, ScreeningVerdict], role: str, outcome: ScreeningOutcome) -> bool:
    return any(item.role == role and verdict.verdict is outcome for item, verdict in verdicts.items())


def _has_any(verdicts: dict[Item, ScreeningVerdict], role: str) -> bool:
    return any(
        item.role == role and verdict.verdict is not ScreeningOutcome.CLEAN
        for item, verdict in verdicts.items()
    )


def _summary(role: str, action: ScreeningAction, own: Iterable[tuple[str, ScreeningVerdict]]) -> Screened:
    """What the record says of all texts of one kind: the worst of them, and how much was looked at."""
    several = list(own)
    worst = max((verdict for _, verdict in several), key=lambda verdict: verdict.score)
    done = ""
    if worst.verdict is ScreeningOutcome.INJECTION:
        done = action
    elif worst.verdict is ScreeningOutcome.SUSPICIOUS:
        done = min(action, "flag", key=SCREENING_ACTIONS.index)
    return Screened(
        role=role,
        texts=len(several),
        characters=sum(len(text) for text, _ in several),
        score=round(worst.score, 3),
        verdict=worst.verdict.value,
        action=done,
        reasons=list(worst.reasons[:5]),
    )
