"""Probes of thinking: its kinds, what it forbids, and reasoning that is sent back."""

from typing import Any

from embedded.trial.bodies import FEW, Body, assistant, body, call, extra, result, told, tools, user
from embedded.trial.probe import ANTHROPIC, Probe
from embedded.trial.target import Target

_ADAPTIVE = {"type": "adaptive"}
_BUDGET = {"type": "enabled", "budget_tokens": 1024}
_OVER_THE_BUDGET = 1025
_NOT_SIGNED = {"reasoningContent": {"reasoningText": {"text": "Well."}}}
_FALSELY_SIGNED = {
    "reasoningContent": {"reasoningText": {"text": "Well.", "signature": "bm90IGEgc2lnbmF0dXJl"}}
}


def probes_of_thinking(target: Target) -> list[Probe]:
    """Those for a model."""
    return [*_KINDS, *_forbidden(target)]


def _probe(
    name: str, sends: str, asked: Body, simulator: str, gateway: str = "thinking", **more: Any
) -> Probe:
    return Probe(name, sends, asked, simulator, gateway, "thinking", vendors=ANTHROPIC, **more)


def _with_a_budget(*messages: Any, **more: Any) -> Body:
    return body(*messages, most=_OVER_THE_BUDGET, additionalModelRequestFields={"thinking": _BUDGET}, **more)


_KINDS = (
    _probe("adaptive thinking", "thinking adaptive", extra(thinking=_ADAPTIVE), "not adaptive"),
    _probe("thinking off", "thinking disabled", extra(thinking={"type": "disabled"}), "kinds of thinking"),
    _probe("unknown thinking", "thinking of an unknown type", extra(thinking={"type": "deep"}), "kinds of thinking"),
    _probe("small budget", "a budget of 100", extra(thinking={"type": "enabled", "budget_tokens": 100}),
           "least budget", "thinking_budget"),
    _probe("budget over the answer", "a budget of 1,024, maxTokens 8", extra(thinking=_BUDGET), "budget below the output"),
    _probe("budget", "a budget of 1,024, maxTokens 1,025", _with_a_budget(), "no budgets", is_dear=True, shows=("signature",)),
    _probe("call without thinking", "a budget, and a call without thinking before it",
           _with_a_budget(user("Look."), assistant(call()), user(result()), toolConfig=tools()),
           "thinking before calls", is_dear=True),
    _probe("reasoning without a signature", "an earlier turn with unsigned reasoning",
           body(user("Hi"), assistant(_NOT_SIGNED, "Hello."), user("Say OK.")), "reasoning is signed", ""),
    _probe("reasoning with a wrong signature", "an earlier turn with reasoning that has a made-up signature",
           body(user("Hi"), assistant(_FALSELY_SIGNED, "Hello."), user("Say OK.")), "reasoning unchanged", ""),
    _probe("thinking beside a call, off", "a call without thinking before it, no thinking asked for",
           told(user("Look."), assistant(call()), user(result())), "thinking before calls"),
)  # fmt: skip


def _forbidden(target: Target) -> list[Probe]:
    """What thinking forbids. Adaptive thinking takes any length of answer, a budget needs 1,025 tokens of it."""
    is_dear = "adaptive" not in target.thinking
    thinking, most = (_BUDGET, _OVER_THE_BUDGET) if is_dear else (_ADAPTIVE, FEW)

    def thinks(
        fields: dict[str, Any] | None = None, values: dict[str, Any] | None = None, **more: Any
    ) -> Body:
        asked = body(additionalModelRequestFields={"thinking": thinking, **(fields or {})}, **more)
        return {**asked, "inferenceConfig": {"maxTokens": most, **(values or {})}}

    return [
        _probe("thinking and temperature", "thinking and temperature 0.5", thinks(values={"temperature": 0.5}),
               "thinking's temperature", is_dear=is_dear),
        _probe("thinking and top_p", "thinking and topP 0.9", thinks(values={"topP": 0.9}), "thinking's top_p", is_dear=is_dear),
        _probe("thinking and top_k", "thinking and top_k 5", thinks({"top_k": 5}), "thinking without top_k", is_dear=is_dear),
        _probe("thinking and a forced tool", "thinking and toolChoice any", thinks(toolConfig=tools(toolChoice={"any": {}})),
               "thinking and forced tools", is_dear=is_dear),
    ]  # fmt: skip
