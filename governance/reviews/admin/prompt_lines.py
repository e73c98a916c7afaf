"""PURE: how a call ran a prompt, as lines to read."""

from typing import Any

_CONTRACT = {
    "valid": "kept", "corrected": "kept after a correction", "fallback": "broken: the fallback answer was given",
    "refused": "broken: the call was refused",
}  # fmt: skip
_UNSURE = {
    "answer": "a fixed answer was given", "fallback": "the fallback answer was given", "refused": "the call was refused",
    "asked": "the model was asked all the same", "said": "the model's answer says so",
}  # fmt: skip
_CHECKED = {"passed": "passed", "failed": "failed", "unchecked": "could not be checked"}


def prompt_lines(name: str, version: int | None, label: str, run: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, how it came out); nothing for a call that ran none."""
    if not name:
        return []
    contract, confidence = run.get("contract") or {}, run.get("confidence")
    outcome, unsure, checked = (str(found or "") for found in (contract.get("outcome"), run.get("unsure"), run.get("checked")))  # fmt: skip
    return [
        ("Prompt", name),
        ("Version", str(version or "")),
        ("Label", label),
        ("Output contract", _CONTRACT.get(outcome, outcome)),
        ("Checks of the answer", _CHECKED.get(checked, checked)),
        ("Confidence", "" if confidence is None else f"{confidence:.2f}"),
        ("Unsure", _UNSURE.get(unsure, unsure)),
    ]
