"""PURE: what was checked of a call, as lines to read."""

from typing import Any

from governance.privacy.policy.kinds import title
from kernel.money import format_usd

_LEAKS = {
    "canary": "the answer held the canary of the system prompt",
    "prompt": "the answer repeated the system prompt",
}


def check_lines(findings: dict[str, int], checks: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, how it came out); nothing for records from before checks were recorded."""
    lines: list[tuple[str, str]] = []
    if "policies" in checks:
        lines.append(
            ("Policies in force", "; ".join(_policy(owner, number) for owner, number in checks["policies"]))
        )
    if findings:
        kinds = sorted(findings.items(), key=lambda each: (-each[1], each[0]))
        lines.append(("Found in the request", ", ".join(f"{count} x {title(kind)}" for kind, count in kinds)))
    if (request := checks.get("input")) is not None:
        lines.append(("Request checked", _request(request)))
    if guardrail := checks.get("guardrail"):
        lines.append(("Bedrock guardrail", str(guardrail)))
    lines += [
        (f"Screening of {_ROLES.get(each.get('role'), 'a text')}", _verdict(each))
        for each in checks.get("screening", ())
    ]
    if adjusted := checks.get("adjusted"):
        lines.append(("Adjusted for the model", ", ".join(map(str, adjusted))))
    if (answer := checks.get("output")) is not None:
        lines.append(("Answer checked", _answer(answer)))
    if violation := checks.get("violation"):
        lines.append(("Another model was asked", _violation(violation)))
    if restored := checks.get("restored"):
        lines.append(("Placeholders restored", f"{restored:,}"))
    if replayed := checks.get("replayed"):
        lines.append(("Told again", f"the answer of call {replayed}, by its idempotency key"))
    if checks.get("probe"):
        lines.append(("A probe", "its client only tries whether the model may be called"))
    if invented := checks.get("invented"):
        lines.append(("Placeholders invented by the model", f"{invented:,}, left as they were"))
    if leak := checks.get("leak"):
        lines.append(("System prompt leaked", _LEAKS.get(leak, leak)))
    return lines


_ROLES = {"user": "the user's text", "document": "a document", "tool": "a tool's result"}


def _policy(owner: str, number: int) -> str:
    return f"{owner}, version {number}" if number else f"{owner}'s default"


def _request(check: dict[str, Any]) -> str:
    text = f"all {check['characters']:,} characters by patterns"
    if "names" in check:
        ruled = check.get("names_by_rules", 0)
        text += ", and for names" if check["names"] or ruled else "; for names it could not be checked"
        if ruled:
            text += f" (in {ruled:,} characters by rules alone: the names model does not know their language)"
    return text


def _answer(check: dict[str, Any]) -> str:
    text = f"{check.get('checked', 0):,} of {check['characters']:,} characters"
    if found := check.get("findings"):
        text += "; found " + ", ".join(f"{count} x {title(kind)}" for kind, count in sorted(found.items()))
    if blocked := check.get("blocked"):
        text += f"; ended because of {title(blocked)}"
    return text


def _violation(check: dict[str, Any]) -> str:
    cost = format_usd(check.get("cost_nanos", 0))
    return f"the answer of {check.get('model', '')} was dropped because of {title(check.get('kind', ''))}; it cost {cost}"


def _verdict(each: dict[str, Any]) -> str:
    reasons = "; ".join(each.get("reasons", ()))
    done = f", {_DONE[each['action']]}" if each.get("action") in _DONE else ""
    return f"{each.get('verdict', '')} ({each.get('score', 0):.2f}){done}{': ' + reasons if reasons else ''}"


_DONE = {"flag": "flagged for review", "strip": "taken out", "block": "refused"}
