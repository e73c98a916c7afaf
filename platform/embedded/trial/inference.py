"""Probes of sampling, limits, stop sequences, prefill, effort and additional fields."""

from embedded.trial.bodies import assistant, body, extra, inferring, tools
from embedded.trial.probe import ANTHROPIC, Probe
from embedded.trial.target import Target

_VALUES = (
    Probe("temperature", "temperature 0.5", inferring(temperature=0.5), "deprecated values", "sampling", "sampling"),
    Probe("temperature of one", "temperature 1", inferring(temperature=1), "deprecated values", "sampling", "sampling"),
    Probe("top_p", "topP 0.9", inferring(topP=0.9), "deprecated values", "sampling", "sampling"),
    Probe("top_k", "top_k 5 in additional fields", extra(top_k=5), "deprecated values", "sampling", "sampling", vendors=ANTHROPIC),
    Probe("both sampling values", "temperature 1 and topP 1", inferring(temperature=1, topP=1),
          "one of temperature and top_p", "sampling", "sampling"),
    Probe("stop sequence", "stopSequences [\"END\"]", inferring(stopSequences=["END"]), "stop sequences", "stop_support", "supports_stop_sequences"),
    Probe("blank stop sequence", "stopSequences of a line feed", inferring(stopSequences=["\n"]), "blank stop sequences", "stop_sequences"),
    Probe("blank among stop sequences", "stopSequences [\"END\", \" \"]", inferring(stopSequences=["END", " "]),
          "blank stop sequences", "stop_sequences"),
    Probe("prefill", "a last turn of the assistant", body("Say OK.", assistant("O")), "no prefill", "prefill", "supports_prefill"),
    Probe("white space at the end", "a last turn of the assistant that ends with a blank", body("Say OK.", assistant("O ")),
          "white space at the end", "prefill_space", "supports_prefill"),
)  # fmt: skip
_FIELDS = (
    Probe("unknown additional field", "an unknown additionalModelRequestFields", extra(gatehouse_unknown=1), "extra fields", "fields"),
    Probe("beta flag", "an unknown anthropic_beta", extra(anthropic_beta=["no-such-flag"]), "beta flags", "betas", vendors=ANTHROPIC),
    Probe("response fields", "additionalModelResponseFieldPaths [\"/stop_sequence\"]",
          body(additionalModelResponseFieldPaths=["/stop_sequence"]), "pointers"),
    Probe("response field without slash", "additionalModelResponseFieldPaths [\"stop\"]",
          body(additionalModelResponseFieldPaths=["stop"]), "pointers"),
    Probe("effort", "outputConfig.effort low", body(outputConfig={"effort": "low"}), "no effort", "effort", "efforts", vendors=ANTHROPIC),
    Probe("effort as additional field", "output_config.effort low", extra(output_config={"effort": "low"}),
          "no effort", "effort", "efforts", vendors=ANTHROPIC),
    Probe("highest effort", "outputConfig.effort max", body(outputConfig={"effort": "max"}), "efforts of each model", "effort", "efforts", vendors=ANTHROPIC),
    Probe("extra high effort", "outputConfig.effort xhigh", body(outputConfig={"effort": "xhigh"}), "efforts of each model", "effort", "efforts", vendors=ANTHROPIC),
    Probe("highest effort without thinking", "effort max, thinking disabled",
          body(outputConfig={"effort": "max"}, additionalModelRequestFields={"thinking": {"type": "disabled"}}), "efforts without thinking", "effort", "efforts", vendors=ANTHROPIC),
    Probe("optimized latency and a cache point", "performanceConfig optimized and a cache point",
          body(performanceConfig={"latency": "optimized"}, system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]), "optimized latency or a cache", vendors=ANTHROPIC),
    Probe("reserved tier", "serviceTier reserved", body(serviceTier={"type": "reserved"}), "reserved tier"),
    Probe("unknown effort", "outputConfig.effort huge", body(outputConfig={"effort": "huge"}), "efforts", "effort", vendors=ANTHROPIC),
)  # fmt: skip


def probes_of_inference(target: Target) -> list[Probe]:
    """Those for a model."""
    return [*_VALUES, *_FIELDS, *_limits(target)]


def _limits(target: Target) -> list[Probe]:
    """Exactly the limit, and one below it.

    Where AWS takes them a whole answer might be paid for. Models of Anthropic are therefore asked with thinking that they are
    sure to refuse, once the limit was looked at; the others come last, where their longest answer is cheap enough.
    """
    limit = target.max_output_tokens
    if not limit:
        return []
    return [_limit("output limit", limit, target), _limit("one below the output limit", limit - 1, target)]


def _limit(name: str, most: int, target: Target) -> Probe:
    sends, asked = f"maxTokens {most:,}", inferring(most=most)
    if target.is_anthropic:
        sends += ", and a budget of thinking of 1 and a forced tool"
        asked["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": 1}}
        asked["toolConfig"] = tools(toolChoice={"any": {}})
    return Probe(
        name, sends, asked, "output limit", "max_tokens", "max_output_tokens", tells=("exceeds the model limit",),
        is_dear=not target.is_anthropic, is_refused_anyway=target.is_anthropic,
    )  # fmt: skip
